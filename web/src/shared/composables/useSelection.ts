import { computed, ref, shallowRef, watch } from 'vue'
import { MOST, toggled } from '@/shared/rules/selection'
import { readPage, type ListFilter } from './useComplaints'

/** The cases chosen for one thing to be done to all of them. Another filter begins anew. */
export function useSelection(filter: () => ListFilter, order: () => readonly { id: string }[]) {
  const chosen = shallowRef<ReadonlySet<string>>(new Set())
  const anchor = ref<string | null>(null)
  const gathering = ref(false)

  function toggle(id: string, range = false) {
    chosen.value = toggled(chosen.value, range ? order().map(x => x.id) : [], id, range ? anchor.value : null)
    anchor.value = id
  }
  function clear() {
    chosen.value = new Set()
    anchor.value = null
  }
  async function all() {
    gathering.value = true
    try {
      const page = await readPage(filter(), '', MOST)
      chosen.value = new Set((page.items ?? []).map(x => x.id))
    } finally {
      gathering.value = false
    }
  }
  watch(() => JSON.stringify(filter()), clear)

  return { chosen, ids: computed(() => [...chosen.value]), count: computed(() => chosen.value.size), has: (id: string) => chosen.value.has(id), toggle, clear, all, gathering }
}

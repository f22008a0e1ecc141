import { computed } from 'vue'
import { useRoute } from 'vue-router'
import { activeLink } from '@/shared/link'

/** Where a case and its parts lie: under its own address, or under the link it was opened with. */
export function useCasePlace() {
  const route = useRoute()
  const id = computed(() => activeLink.value?.complaint_id ?? String(route.params.id ?? ''))
  const base = computed(() => (activeLink.value ? `/c/${encodeURIComponent(activeLink.value.token)}` : `/complaints/${encodeURIComponent(id.value)}`))
  return { id, casePath: base, respondPath: computed(() => `${base.value}/respond`) }
}

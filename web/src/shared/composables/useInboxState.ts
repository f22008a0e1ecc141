import { computed } from 'vue'
import { useRoute, useRouter, type LocationQueryValue } from 'vue-router'
import { STAGES, VIEWS, type ListFilter, type View } from './useComplaints'

type Raw = LocationQueryValue | LocationQueryValue[] | undefined
const one = (value: Raw) => (Array.isArray(value) ? value[0] : value) ?? ''

/** Everything the inbox shows is in the address: view, filters, sorting, the open case. A copied link shows the same, back works. */
export function useInboxState() {
  const route = useRoute()
  const router = useRouter()

  const view = computed<View>(() => VIEWS.find(v => v === one(route.query.view)) ?? 'mine')
  const openId = computed(() => one(route.params.id as Raw))
  const search = computed(() => one(route.query.q))
  const program = computed(() => one(route.query.program))
  const stage = computed(() => STAGES.find(s => s === one(route.query.stage)) ?? '')
  const from = computed(() => day(one(route.query.from)))
  const to = computed(() => day(one(route.query.to)))
  const sort = computed<'due' | 'newest'>(() => {
    const chosen = one(route.query.sort)
    if (chosen === 'due' || chosen === 'newest') return chosen
    return view.value === 'closed' || view.value === 'all' ? 'newest' : 'due'
  })
  const narrowed = computed(() => [program.value, stage.value, one(route.query.from), one(route.query.to)].filter(Boolean).length)

  const filter = computed<ListFilter>(() => ({
    view: view.value,
    sort: sort.value,
    ...(search.value ? { q: search.value } : {}),
    ...(program.value ? { program_id: program.value } : {}),
    ...(stage.value ? { stage: [stage.value] } : {}),
    ...(from.value ? { created_from: from.value } : {}),
    ...(to.value ? { created_to: to.value + 24 * 3600 * 1000 } : {}),
  }))

  /** Changes some of the address; an empty value takes the part away. */
  function change(part: Record<string, string>, how: 'push' | 'replace' = 'replace') {
    const query = Object.fromEntries(Object.entries({ ...route.query, ...part }).filter(([, v]) => v))
    return router[how]({ path: route.path, query })
  }

  function showView(next: View) {
    return router.push({ path: '/complaints', query: next === 'mine' ? {} : { view: next } })
  }

  function open(id: string, how: 'push' | 'replace' = 'push') {
    return router[how]({ path: id ? `/complaints/${encodeURIComponent(id)}` : '/complaints', query: route.query })
  }

  return { view, openId, search, program, stage, sort, from, to, narrowed, filter, query: computed(() => route.query), change, showView, open }
}

/** A day of the address, 2026-03-10, as its first millisecond in local time; nothing for anything else. */
function day(text: string): number | null {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (!m) return null
  const date = new Date(Number(m[1]), Number(m[2]) - 1, Number(m[3]))
  return Number.isNaN(date.getTime()) ? null : date.getTime()
}

import { computed } from 'vue'
import { useRoute, useRouter, type LocationQueryValue } from 'vue-router'
import { STAGES, VIEWS, type ListFilter, type View } from './useComplaints'

type Raw = LocationQueryValue | LocationQueryValue[] | undefined
const one = (value: Raw) => (Array.isArray(value) ? value[0] : value) ?? ''

/** The parts of the address that make a filter; what a saved view keeps. */
export const FILTER_PARTS = ['view', 'q', 'program', 'stage', 'type', 'assignee', 'from', 'to', 'sort'] as const
type Part = (typeof FILTER_PARTS)[number]

/** A filter as it stands in an address, its parts always in one order, so that two equal ones can be told. */
export function filterText(parts: Partial<Record<string, unknown>>): string {
  const out = new URLSearchParams()
  for (const name of FILTER_PARTS) {
    const value = parts[name]
    if (typeof value === 'string' && value) out.set(name, value)
  }
  return out.toString()
}

/** Everything the inbox shows is in the address: view, filters, search, sorting, the open case. A copied link shows the same, back works. */
export function useInboxState() {
  const route = useRoute()
  const router = useRouter()
  const part = (name: Part) => one(route.query[name])

  const view = computed<View>(() => VIEWS.find(v => v === part('view')) ?? 'mine')
  const openId = computed(() => one(route.params.id as Raw))
  const search = computed(() => part('q'))
  const program = computed(() => part('program'))
  const stage = computed(() => STAGES.find(s => s === part('stage')) ?? '')
  const type = computed(() => (/^\d+$/.test(part('type')) ? part('type') : ''))
  const assignee = computed(() => part('assignee'))
  const from = computed(() => day(part('from')))
  const to = computed(() => day(part('to')))
  const sort = computed<'due' | 'newest'>(() => {
    const chosen = part('sort')
    if (chosen === 'due' || chosen === 'newest') return chosen
    return view.value === 'closed' || view.value === 'all' ? 'newest' : 'due'
  })
  const narrowed = computed(() => [program.value, stage.value, type.value, assignee.value, part('from'), part('to')].filter(Boolean).length)

  const filter = computed<ListFilter>(() => ({
    view: view.value,
    sort: sort.value,
    ...(search.value ? { q: search.value } : {}),
    ...(program.value ? { program_id: program.value } : {}),
    ...(stage.value ? { stage: [stage.value] } : {}),
    ...(type.value ? { type: Number(type.value) } : {}),
    ...(assignee.value ? { assignee: assignee.value } : {}),
    ...(from.value ? { created_from: from.value } : {}),
    ...(to.value ? { created_to: to.value + 24 * 3600 * 1000 } : {}),
  }))

  /** Changes some of the address; an empty value takes the part away. */
  function change(parts: Record<string, string>, how: 'push' | 'replace' = 'replace') {
    const query = Object.fromEntries(Object.entries({ ...route.query, ...parts }).filter(([, v]) => v))
    return router[how]({ path: route.path, query })
  }

  function showView(next: View) {
    return router.push({ path: '/complaints', query: next === 'mine' ? {} : { view: next } })
  }

  /** Shows a saved filter, in place of the one in use. */
  function showFilter(text: string) {
    return router.push({ path: '/complaints', query: Object.fromEntries(new URLSearchParams(text)) })
  }

  function open(id: string, how: 'push' | 'replace' = 'push') {
    return router[how]({ path: id ? `/complaints/${encodeURIComponent(id)}` : '/complaints', query: route.query })
  }

  return {
    view, openId, search, program, stage, type, assignee, sort, from, to, narrowed, filter,
    query: computed(() => route.query), text: computed(() => filterText(route.query)), change, showView, showFilter, open,
  }
}

/** A day of the address, 2026-03-10, as its first millisecond in local time; nothing for anything else. */
function day(text: string): number | null {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (!m) return null
  const date = new Date(Number(m[1]), Number(m[2]) - 1, Number(m[3]))
  return Number.isNaN(date.getTime()) ? null : date.getTime()
}

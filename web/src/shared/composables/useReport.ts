import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { api, take } from '@/shared/api/client'
import type { ReportQuery } from '@/shared/api/types'
import { useNow } from '@/shared/clock'
import { DAY } from '@/shared/format/time'
import { SPANS, spanDays } from '@/shared/rules/report'
import { dayStart } from './useRefundFilter'

export const GROUPS = ['program', 'type', 'member'] as const
export type Group = (typeof GROUPS)[number]

/** What became of the complaints of a period. */
export function useReport(query: MaybeRefOrGetter<ReportQuery>) {
  return useQuery({
    queryKey: computed(() => ['report', toValue(query)]),
    queryFn: () => take(api.GET('/api/v1/reports/complaints', { params: { query: toValue(query) } })),
    placeholderData: keepPreviousData,
  })
}

/** Period, program and grouping, all in the address; without any, the last 30 days. */
export function useReportFilter() {
  const route = useRoute()
  const router = useRouter()
  const now = useNow()
  const part = (name: string) => { const v = route.query[name]; return typeof v === 'string' ? v : '' }
  const change = (more: Record<string, string>) => router.replace({ query: Object.fromEntries(Object.entries({ ...route.query, ...more }).filter(([, v]) => v)) })
  const usual = computed(() => spanDays(30, now.value))
  const chosen = computed(() => dayStart(part('from')) != null && dayStart(part('to')) != null)
  const from = computed({ get: () => (chosen.value ? part('from') : usual.value.from), set: (v) => { void change({ from: v, to: to.value }) } })
  const to = computed({ get: () => (chosen.value ? part('to') : usual.value.to), set: (v) => { void change({ from: from.value, to: v }) } })
  const span = computed({
    get: () => String(SPANS.find((n) => { const s = spanDays(n, now.value); return s.from === from.value && s.to === to.value }) ?? ''),
    set: (v) => { const s = spanDays(Number(v), now.value); void change(s) },
  })
  const program = computed({ get: () => part('program'), set: (v) => { void change({ program: v }) } })
  const by = computed<Group>({ get: () => GROUPS.find(g => g === part('by')) ?? 'program', set: (v) => { void change({ by: v }) } })
  const period = computed<ReportQuery>(() => ({
    from: dayStart(from.value) ?? 0, to: (dayStart(to.value) ?? 0) + DAY, ...(program.value ? { program_id: program.value } : {}),
  }))
  return {
    from, to, span, program, by, period,
    exportUrl: (format: 'csv' | 'xlsx') => `/api/v1/reports/complaints/export?${new URLSearchParams({ ...Object.fromEntries(Object.entries(period.value).map(([k, v]) => [k, String(v)])), by: by.value, format })}`,
  }
}

import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'
import type { ComplaintQuery, ComplaintSummary } from '@/shared/api/types'

/** The views of the inbox, in the order of the list on the left. */
export const VIEW_GROUPS = [
  { id: 'todo', views: ['mine', 'due_soon', 'to_supplement', 'to_prove', 'to_appeal'] },
  { id: 'running', views: ['platform', 'waiting_user'] },
  { id: 'everything', views: ['closed', 'unknown', 'all'] },
] as const

export type View = (typeof VIEW_GROUPS)[number]['views'][number]
export const VIEWS: readonly View[] = VIEW_GROUPS.flatMap(g => [...g.views])

/** The stages one can filter by, in the order of a case's life. */
export const STAGES = ['to_respond', 'waiting_user', 'platform', 'to_supplement', 'to_prove', 'to_appeal', 'closed', 'unknown'] as const

export type ListFilter = Omit<ComplaintQuery, 'cursor' | 'limit'>

const PAGE = 50
const EVERY = 20_000

export const complaintKeys = {
  all: ['complaints'] as const,
  list: (filter: ListFilter) => ['complaints', 'list', filter] as const,
  counts: ['complaints', 'counts'] as const,
  one: (id: string) => ['complaints', 'one', id] as const,
}

/** Pages of the list under a filter, asked again every 20 seconds while somebody looks. */
export function useComplaints(filter: MaybeRefOrGetter<ListFilter>) {
  const query = useInfiniteQuery({
    queryKey: computed(() => complaintKeys.list(toValue(filter))),
    queryFn: ({ pageParam }) => take(api.GET('/api/v1/complaints', {
      params: { query: { ...toValue(filter), limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) } },
    })),
    initialPageParam: '',
    getNextPageParam: last => last.next_cursor || undefined,
    refetchInterval: EVERY,
    placeholderData: keepPreviousData,
  })
  const items = computed<ComplaintSummary[]>(() => query.data.value?.pages.flatMap(p => p.items ?? []) ?? [])
  return { ...query, items }
}

/** How many there are in every view, within the programs one may see. */
export function useComplaintCounts() {
  return useQuery({
    queryKey: complaintKeys.counts,
    queryFn: () => take(api.GET('/api/v1/complaints/counts')),
    refetchInterval: EVERY,
    placeholderData: keepPreviousData,
  })
}

import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref, shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'
import type { ComplaintQuery, ComplaintSummary } from '@/shared/api/types'
import { withHead, withNext, type Loaded } from '@/shared/rules/loaded'

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

/** One page of a filter. */
export function readPage(filter: ListFilter, cursor: string, limit = PAGE) {
  return take(api.GET('/api/v1/complaints', { params: { query: { ...filter, limit, ...(cursor ? { cursor } : {}) } } }))
}

/**
 * The list under a filter. Its first page is asked for again every 20 seconds while somebody looks, and whenever complaints change; further pages come as one scrolls
 * and are then kept, so that a list of 200,000 rows is refreshed as cheaply as one of twenty.
 */
export function useComplaints(filter: MaybeRefOrGetter<ListFilter>) {
  const client = useQueryClient()
  const head = useQuery({
    queryKey: computed(() => complaintKeys.list(toValue(filter))),
    queryFn: () => readPage(toValue(filter), ''),
    refetchInterval: EVERY,
    placeholderData: keepPreviousData,
  })
  const loaded = shallowRef<Loaded<ComplaintSummary> | null>(null)
  const of = ref('')
  const fetching = ref(false)

  watch([head.data, head.isPlaceholderData], () => {
    const page = head.data.value
    if (!page || head.isPlaceholderData.value) return
    const key = JSON.stringify(toValue(filter))
    loaded.value = withHead(of.value === key ? loaded.value : null, page.items ?? [], page.next_cursor ?? '')
    of.value = key
  }, { immediate: true })

  async function fetchNextPage() {
    const before = loaded.value
    if (fetching.value || !before?.cursor) return
    const key = of.value
    fetching.value = true
    try {
      const page = await client.fetchQuery({
        queryKey: [...complaintKeys.list(toValue(filter)), before.cursor], queryFn: () => readPage(toValue(filter), before.cursor), gcTime: 0, staleTime: 0,
      })
      // A refresh or another filter may have come in between.
      if (of.value === key && loaded.value?.cursor === before.cursor) loaded.value = withNext(loaded.value, page.items ?? [], page.next_cursor ?? '')
    } finally {
      fetching.value = false
    }
  }

  // A search may answer with a short page and more to look through.
  watch(loaded, (l) => { if (l && !l.items.length && l.cursor) void fetchNextPage() })

  return {
    items: computed<ComplaintSummary[]>(() => loaded.value?.items ?? []),
    isPending: computed(() => head.isPending.value || loaded.value === null && !head.isError.value),
    isError: head.isError,
    error: head.error,
    refetch: head.refetch,
    hasNextPage: computed(() => !!loaded.value?.cursor),
    isFetchingNextPage: computed(() => fetching.value),
    fetchNextPage,
  }
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

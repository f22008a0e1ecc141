import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'
import type { Refund, RefundQuery } from '@/shared/api/types'
import { askAgain } from '@/shared/rules/refund'
import { complaintKeys } from './useComplaints'
import { useSession } from './useSession'

export type RefundFilter = Omit<RefundQuery, 'cursor' | 'limit'>

export const refundKeys = {
  all: ['refunds'] as const,
  list: (filter: RefundFilter) => ['refunds', 'list', filter] as const,
  one: (id: string) => ['refunds', 'one', id] as const,
  options: (complaint: string) => ['refunds', 'options', complaint] as const,
  totals: (filter: object) => ['refunds', 'totals', filter] as const,
  reconciliation: ['refunds', 'reconciliation'] as const,
}

/** Refunds under a filter, newest first. */
export function useRefundList(filter: MaybeRefOrGetter<RefundFilter>, wanted: MaybeRefOrGetter<boolean> = true) {
  const query = useInfiniteQuery({
    queryKey: computed(() => refundKeys.list(toValue(filter))),
    queryFn: ({ pageParam }) => take(api.GET('/api/v1/refunds', { params: { query: { ...toValue(filter), limit: 50, cursor: pageParam || undefined } } })),
    initialPageParam: '',
    getNextPageParam: last => last.next_cursor || undefined,
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
    enabled: computed(() => toValue(wanted)),
  })
  const refunds = computed<Refund[]>(() => query.data.value?.pages.flatMap(p => p.items ?? []) ?? [])
  return { ...query, refunds }
}

/** One refund, asked again until it is settled. */
export function useOneRefund(id: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: computed(() => refundKeys.one(toValue(id))),
    queryFn: () => take(api.GET('/api/v1/refunds/{id}', { params: { path: { id: toValue(id) } } })),
    enabled: computed(() => !!toValue(id)),
    refetchInterval: query => askAgain(query.state.data?.state),
    staleTime: 0,
  })
}

/** What a person may do about a refund that is there already: decide on it as the second person, let it go on, call it off. */
export function useRefundActions() {
  const client = useQueryClient()
  const again = () => Promise.all([client.invalidateQueries({ queryKey: refundKeys.all }), client.invalidateQueries({ queryKey: complaintKeys.all })])
  const at = (id: string) => ({ path: { id } })

  const approve = useMutation({ mutationFn: (id: string) => take(api.POST('/api/v1/refunds/{id}/approve', { params: at(id) })), onSettled: again })
  const reject = useMutation({
    mutationFn: ({ id, reason }: { id: string, reason: string }) => take(api.POST('/api/v1/refunds/{id}/reject', { params: at(id), body: { reason } })),
    onSettled: again,
  })
  const retry = useMutation({ mutationFn: (id: string) => take(api.POST('/api/v1/refunds/{id}/retry', { params: at(id) })), onSettled: again })
  const cancel = useMutation({ mutationFn: (id: string) => take(api.POST('/api/v1/refunds/{id}/cancel', { params: at(id) })), onSettled: again })
  const all = [approve, reject, retry, cancel]
  return {
    approve,
    reject,
    retry,
    cancel,
    busy: computed(() => all.some(m => m.isPending.value)),
    error: computed(() => all.map(m => m.error.value).find(Boolean) ?? null),
    reset: () => all.forEach(m => m.reset()),
  }
}

/** Whether refunds are this person's business at all; how much is said by the server, per case. */
export function useMayRefund() {
  const { can } = useSession()
  return computed(() => can('refund') || can('refund_limited'))
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'
import type { RefundTotalsQuery } from '@/shared/api/types'
import { refundKeys } from './useRefunds'

/** Refunds added up by program, merchant or day. */
export function useRefundTotals(filter: MaybeRefOrGetter<RefundTotalsQuery>) {
  return useQuery({
    queryKey: computed(() => refundKeys.totals(toValue(filter))),
    queryFn: () => take(api.GET('/api/v1/refunds/totals', { params: { query: toValue(filter) } })),
  })
}

/** Our refunds beside WeChat Pay's. While a run is under way its outcome is waited for. */
export function useReconciliation() {
  const client = useQueryClient()
  const query = useQuery({
    queryKey: refundKeys.reconciliation,
    queryFn: () => take(api.GET('/api/v1/refunds/reconciliation')),
    refetchInterval: q => (q.state.data?.last?.state === 'running' ? 2_000 : 30_000),
  })
  const start = useMutation({
    mutationFn: () => take(api.POST('/api/v1/refunds/reconcile')),
    onSettled: () => client.invalidateQueries({ queryKey: refundKeys.reconciliation }),
  })
  return { query, run: computed(() => query.data.value?.last ?? null), start }
}

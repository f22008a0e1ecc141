import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { api, take } from '@/shared/api/client'
import type { GapItem } from '@/shared/api/types'

const KEY = ['gaps'] as const

/** What may have been missed, and the ways out that need no other page. */
export function useGaps() {
  const client = useQueryClient()
  const query = useQuery({ queryKey: KEY, queryFn: () => take(api.GET('/api/v1/gaps')), refetchInterval: 60_000 })

  const mend = useMutation({
    async mutationFn(item: GapItem) {
      switch (item.fix) {
        case 'replay': return void await take(api.POST('/api/v1/deliveries/{id}/replay', { params: { path: { id: item.delivery_id! } } }))
        case 'sync': return void await take(api.POST('/api/v1/complaints/{id}/sync', { params: { path: { id: item.complaint_id! } } }))
        case 'import': return void await take(api.POST('/api/v1/complaints/import', { body: { program_id: item.program_id!, complaint_order_id: item.complaint_order_id! } }))
      }
    },
    onSettled: () => client.invalidateQueries(),
  })
  return { query, mend }
}

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'
import type { Delivery, DeliveryQuery } from '@/shared/api/types'

const KEY = ['deliveries'] as const
export const DELIVERY_STATES = ['stored', 'done', 'ignored', 'failed'] as const

export type DeliveryFilter = Pick<DeliveryQuery, 'state' | 'program_id'>

/** Raw pushes, newest first. */
export function useDeliveries(filter: MaybeRefOrGetter<DeliveryFilter>) {
  const query = useInfiniteQuery({
    queryKey: computed(() => [...KEY, 'list', toValue(filter)] as const),
    queryFn: ({ pageParam }) => take(api.GET('/api/v1/deliveries', { params: { query: { ...toValue(filter), limit: 50, cursor: pageParam || undefined } } })),
    initialPageParam: '',
    getNextPageParam: last => last.next_cursor || undefined,
    refetchInterval: 15_000,
  })
  const deliveries = computed<Delivery[]>(() => query.data.value?.pages.flatMap(p => p.items ?? []) ?? [])
  return { ...query, deliveries }
}

/** One push with its body. Reading it is recorded, so it is asked once for each time somebody opens it. */
export function useDelivery(id: MaybeRefOrGetter<string>) {
  const client = useQueryClient()
  const query = useQuery({
    queryKey: computed(() => [...KEY, 'one', toValue(id)] as const),
    queryFn: () => take(api.GET('/api/v1/deliveries/{id}', { params: { path: { id: toValue(id) } } })),
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    staleTime: Infinity,
    gcTime: 0,
  })
  const replay = useMutation({
    mutationFn: () => take(api.POST('/api/v1/deliveries/{id}/replay', { params: { path: { id: toValue(id) } } })),
    onSettled: () => client.invalidateQueries({ queryKey: [...KEY, 'list'] }),
  })
  return { query, replay }
}

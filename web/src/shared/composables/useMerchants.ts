import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api, take } from '@/shared/api/client'
import type { Merchant, MerchantInput, MerchantInspectInput, MerchantPatch, RefundSettings } from '@/shared/api/types'
import { useSession } from './useSession'

const KEY = ['merchants'] as const

/** 商户号: WeChat Pay credentials. Secrets go in and never come out again. */
export function useMerchants() {
  const client = useQueryClient()
  const { can } = useSession()
  const query = useQuery({ queryKey: KEY, queryFn: () => take(api.GET('/api/v1/merchants')), enabled: computed(() => can('merchants')), staleTime: 10_000 })
  const merchants = computed<Merchant[]>(() => query.data.value?.items ?? [])
  const again = () => Promise.all([client.invalidateQueries({ queryKey: KEY }), client.invalidateQueries({ queryKey: ['programs'] }), client.invalidateQueries({ queryKey: ['refunds', 'options'] })])

  const add = useMutation({ mutationFn: (body: MerchantInput) => take(api.POST('/api/v1/merchants', { body })), onSettled: again })
  const change = useMutation({
    mutationFn: ({ id, body }: { id: string, body: MerchantPatch }) => take(api.PATCH('/api/v1/merchants/{id}', { params: { path: { id } }, body })),
    onSettled: again,
  })
  const remove = useMutation({ mutationFn: (id: string) => take(api.DELETE('/api/v1/merchants/{id}', { params: { path: { id } } })), onSettled: again })
  /** A harmless signed read that shows whether the credentials work. */
  const check = useMutation({ mutationFn: (id: string) => take(api.POST('/api/v1/merchants/{id}/check', { params: { path: { id } } })), onSettled: again })
  /** What is in pasted PEM or a .p12; nothing is kept. */
  const inspect = useMutation({ mutationFn: (body: MerchantInspectInput) => take(api.POST('/api/v1/merchants/inspect', { body })) })

  return { query, merchants, add, change, remove, check, inspect, again }
}

export function useRefundSettings() {
  const client = useQueryClient()
  const { can } = useSession()
  const query = useQuery({ queryKey: ['settings', 'refunds'], queryFn: () => take(api.GET('/api/v1/settings/refunds')), enabled: computed(() => can('merchants')) })
  const save = useMutation({
    mutationFn: (body: RefundSettings) => take(api.PUT('/api/v1/settings/refunds', { body })),
    onSuccess: next => client.setQueryData(['settings', 'refunds'], next),
  })
  return { query, settings: computed(() => query.data.value), save }
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api, take } from '@/shared/api/client'
import type { RuleInput, RulePatch } from '@/shared/api/types'

const KEY = ['rules'] as const

/** Rules in the order they are tried, what they did today, and the stop switch. */
export function useRules() {
  const client = useQueryClient()
  const again = () => client.invalidateQueries({ queryKey: KEY })
  const query = useQuery({ queryKey: KEY, queryFn: () => take(api.GET('/api/v1/rules')), refetchInterval: 15_000 })
  const create = useMutation({ mutationFn: (body: RuleInput) => take(api.POST('/api/v1/rules', { body })), onSettled: again })
  const change = useMutation({ mutationFn: ({ id, body }: { id: string, body: RulePatch }) => take(api.PATCH('/api/v1/rules/{id}', { params: { path: { id } }, body })), onSettled: again })
  const remove = useMutation({ mutationFn: (id: string) => take(api.DELETE('/api/v1/rules/{id}', { params: { path: { id } } })), onSettled: again })
  const replay = useMutation({ mutationFn: (id: string) => take(api.POST('/api/v1/rules/{id}/replay', { params: { path: { id } } })), onSettled: again })
  const stop = useMutation({ mutationFn: () => take(api.POST('/api/v1/rules/stop')), onSettled: again })
  const resume = useMutation({ mutationFn: () => take(api.POST('/api/v1/rules/resume')), onSettled: again })
  return { query, rules: computed(() => query.data.value?.items ?? []), create, change, remove, replay, stop, resume }
}

/** Takes a case out of the rules' hands. */
export function useTakeOver(id: () => string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => take(api.POST('/api/v1/complaints/{id}/automation/stop', { params: { path: { id: id() } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ['complaints'] }),
  })
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api, take } from '@/shared/api/client'
import type { RuleInput, RulePatch } from '@/shared/api/types'

const KEY = ['rules'] as const

const wrongFields = new WeakMap<object, Record<string, string>>()

/** What the server says against single fields of a rule that it refused, by their names in the API. */
export const fieldsOf = (refusal: unknown): Record<string, string> => (refusal && typeof refusal === 'object' ? wrongFields.get(refusal) ?? {} : {})

async function takeFields<T>(pending: Parameters<typeof take<T>>[0]): Promise<T> {
  const answer = await pending
  return take(Promise.resolve(answer)).catch((refusal: object) => {
    const errors = (answer.error as { errors?: { field: string, text: string }[] } | undefined)?.errors ?? []
    wrongFields.set(refusal, Object.fromEntries(errors.map(e => [e.field, e.text])))
    throw refusal
  })
}

/** Rules in the order they are tried, what they did today, and the stop switch. */
export function useRules() {
  const client = useQueryClient()
  const again = () => client.invalidateQueries({ queryKey: KEY })
  const query = useQuery({ queryKey: KEY, queryFn: () => take(api.GET('/api/v1/rules')), refetchInterval: 15_000 })
  const create = useMutation({ mutationFn: (body: RuleInput) => takeFields(api.POST('/api/v1/rules', { body })), onSettled: again })
  const change = useMutation({ mutationFn: ({ id, body }: { id: string, body: RulePatch }) => takeFields(api.PATCH('/api/v1/rules/{id}', { params: { path: { id } }, body })), onSettled: again })
  const remove = useMutation({ mutationFn: (id: string) => take(api.DELETE('/api/v1/rules/{id}', { params: { path: { id } } })), onSettled: again })
  const replay = useMutation({ mutationFn: (id: string) => take(api.POST('/api/v1/rules/{id}/replay', { params: { path: { id } } })), onSettled: again })
  const stop = useMutation({ mutationFn: () => take(api.POST('/api/v1/rules/stop')), onSettled: again })
  const resume = useMutation({ mutationFn: () => take(api.POST('/api/v1/rules/resume')), onSettled: again })
  return { query, rules: computed(() => query.data.value?.items ?? []), create, change, remove, replay, stop, resume }
}

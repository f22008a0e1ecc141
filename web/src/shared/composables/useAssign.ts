import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'
import type { Person } from '@/shared/api/types'
import { complaintKeys } from './useComplaints'

/** Members who can be responsible, for one program or any. */
export function useAssignees(program: MaybeRefOrGetter<string> = '', enabled: MaybeRefOrGetter<boolean> = true) {
  const query = useQuery({
    queryKey: computed(() => ['assignees', toValue(program)]),
    queryFn: () => take(api.GET('/api/v1/assignees', { params: { query: toValue(program) ? { program_id: toValue(program) } : {} } })),
    staleTime: 60_000,
    enabled: computed(() => toValue(enabled)),
  })
  return computed<Person[]>(() => query.data.value?.items ?? [])
}

/** Makes somebody responsible for one case. */
export function useAssign(id: MaybeRefOrGetter<string>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (who: string) => take(api.PATCH('/api/v1/complaints/{id}', { params: { path: { id: toValue(id) } }, body: { assignee_id: who || null } })),
    onSettled: () => client.invalidateQueries({ queryKey: complaintKeys.all }),
  })
}

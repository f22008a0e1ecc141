import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'
import type { Person } from '@/shared/api/types'
import { complaintKeys } from './useComplaints'

/** Notes to colleagues; they appear in the timeline and are never sent out. Who is named in one is told. */
export function useNotes(id: MaybeRefOrGetter<string>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: { text: string, mentions: string[] }) => take(api.POST('/api/v1/complaints/{id}/notes', { params: { path: { id: toValue(id) } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: complaintKeys.one(toValue(id)) }),
  })
}

/** Members whom a note about a program's case can name. */
export function useColleagues(program: MaybeRefOrGetter<string>, wanted: MaybeRefOrGetter<boolean>) {
  const query = useQuery({
    queryKey: computed(() => ['colleagues', toValue(program)] as const),
    queryFn: () => take(api.GET('/api/v1/colleagues', { params: { query: { program_id: toValue(program) } } })),
    enabled: computed(() => toValue(wanted) && !!toValue(program)),
    staleTime: 60_000,
  })
  return computed<Person[]>(() => query.data.value?.items ?? [])
}

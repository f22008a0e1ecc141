import { useMutation, useQueryClient } from '@tanstack/vue-query'
import { toValue, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'
import { complaintKeys } from './useComplaints'

/** Notes to colleagues; they appear in the timeline and are never sent out. */
export function useNotes(id: MaybeRefOrGetter<string>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (text: string) => take(api.POST('/api/v1/complaints/{id}/notes', { params: { path: { id: toValue(id) } }, body: { text } })),
    onSuccess: () => client.invalidateQueries({ queryKey: complaintKeys.one(toValue(id)) }),
  })
}

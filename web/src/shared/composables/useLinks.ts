import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'

/** Who was given a one-tap link to a case. */
export function useLinks(complaintId: MaybeRefOrGetter<string>, enabled: MaybeRefOrGetter<boolean>) {
  const client = useQueryClient()
  const query = useQuery({
    queryKey: computed(() => ['links', toValue(complaintId)] as const),
    queryFn: () => take(api.GET('/api/v1/complaints/{id}/links', { params: { path: { id: toValue(complaintId) } } })),
    enabled: computed(() => toValue(enabled)),
  })
  const revoke = useMutation({
    mutationFn: (id: string) => take(api.DELETE('/api/v1/links/{id}', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ['links'] }),
  })
  return { query, links: computed(() => query.data.value?.items ?? []), revoke }
}

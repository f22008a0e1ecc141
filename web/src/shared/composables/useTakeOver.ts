import { useMutation, useQueryClient } from '@tanstack/vue-query'
import { api, take } from '@/shared/api/client'

/** Takes a case out of the rules' hands. */
export function useTakeOver(id: () => string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => take(api.POST('/api/v1/complaints/{id}/automation/stop', { params: { path: { id: id() } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ['complaints'] }),
  })
}

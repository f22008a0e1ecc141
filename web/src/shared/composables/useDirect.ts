import { useMutation, useQueryClient } from '@tanstack/vue-query'
import { api, take } from '@/shared/api/client'
import type { ProgramChange, ProgramInput } from '@/shared/api/types'

/** Programs with their own AppSecret. */
export function useDirect() {
  const client = useQueryClient()
  const again = () => client.invalidateQueries({ queryKey: ['programs'] })
  const create = useMutation({ mutationFn: (body: ProgramInput) => take(api.POST('/api/v1/programs', { body })), onSettled: again })
  const change = useMutation({
    mutationFn: ({ id, body }: { id: string, body: ProgramChange }) => take(api.PATCH('/api/v1/programs/{id}', { params: { path: { id } }, body })),
    onSettled: again,
  })
  return { create, change }
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api, take } from '@/shared/api/client'
import type { Member, Reminders, RemindersInput } from '@/shared/api/types'

const KEY = ['reminders'] as const

/** Reminders before the deadline, the escalation ladder and the daily digest, for the whole installation. */
export function useReminders() {
  const client = useQueryClient()
  const query = useQuery({ queryKey: KEY, queryFn: () => take(api.GET('/api/v1/settings/reminders')), refetchOnWindowFocus: false })
  const save = useMutation({
    mutationFn: (body: RemindersInput) => take(api.PUT('/api/v1/settings/reminders', { body })),
    onSuccess: (kept: Reminders) => client.setQueryData(KEY, kept),
  })
  return { query, save }
}

/** Who can be told by name, and on which channels. */
export function useMembers() {
  const query = useQuery({ queryKey: ['notify-members'], queryFn: () => take(api.GET('/api/v1/members')) })
  return { members: computed<Member[]>(() => query.data.value?.items ?? []) }
}

/** Sends a message of the log again. */
export function useResend() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => take(api.POST('/api/v1/notices/{id}/resend', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ['notices'] }),
  })
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { api, take } from '@/shared/api/client'
import type { Retention, RetentionSettings } from '@/shared/api/types'
import { goingOn } from '@/shared/rules/retention'

const KEY = ['retention'] as const

/** How long the data of closed cases are kept; a preview says what would go now, before anything is stored. */
export function useRetention() {
  const client = useQueryClient()
  const query = useQuery({
    queryKey: KEY, queryFn: () => take(api.GET('/api/v1/settings/retention')), refetchOnWindowFocus: false,
    refetchInterval: q => (goingOn(q.state.data) ? 1000 : false),
  })
  const save = useMutation({
    mutationFn: (body: RetentionSettings) => take(api.PUT('/api/v1/settings/retention', { body })),
    onSuccess: (kept: Retention) => client.setQueryData(KEY, kept),
  })
  const preview = useMutation({ mutationFn: (body: RetentionSettings) => take(api.POST('/api/v1/settings/retention/preview', { body })) })
  const run = useMutation({
    mutationFn: () => take(api.POST('/api/v1/settings/retention/run')),
    onSuccess: (kept: Retention) => client.setQueryData(KEY, kept),
  })
  return { query, save, preview, run }
}

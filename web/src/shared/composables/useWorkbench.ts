import { queryOptions } from '@tanstack/vue-query'
import { api, take } from '@/shared/api/client'

export const workbenchQuery = queryOptions({
  queryKey: ['workbench'],
  queryFn: () => take(api.GET('/api/v1/workbench')),
  refetchInterval: 30_000,
})

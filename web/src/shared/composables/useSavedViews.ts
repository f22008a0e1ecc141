import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api, take } from '@/shared/api/client'
import type { SavedView, SavedViewInput } from '@/shared/api/types'
import { complaintKeys } from './useComplaints'
import { filterText } from './useInboxState'

const KEY = [...complaintKeys.all, 'views'] as const

/** Filters that somebody keeps: one's own and those that are shared. */
export function useSavedViews() {
  const client = useQueryClient()
  const query = useQuery({ queryKey: KEY, queryFn: () => take(api.GET('/api/v1/views')), refetchInterval: 60_000, placeholderData: keepPreviousData })
  const views = computed<SavedView[]>(() => query.data.value?.items ?? [])
  const again = () => client.invalidateQueries({ queryKey: KEY })
  const save = useMutation({
    mutationFn: ({ id, body }: { id?: string, body: SavedViewInput }) => (id
      ? take(api.PATCH('/api/v1/views/{id}', { params: { path: { id } }, body }))
      : take(api.POST('/api/v1/views', { body }))),
    onSettled: again,
  })
  const remove = useMutation({
    mutationFn: (id: string) => take(api.DELETE('/api/v1/views/{id}', { params: { path: { id } } })),
    onSettled: again,
  })
  return { views, save, remove }
}

/** The saved view whose filter is in use. */
export function viewInUse(views: readonly SavedView[], text: string): SavedView | undefined {
  return views.find(v => filterText(Object.fromEntries(new URLSearchParams(v.query))) === text)
}

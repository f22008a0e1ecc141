import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'

const KEY = ['standing'] as const

/** Score, guarantee badge and violations of a program. */
export function useStanding(program: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: computed(() => [...KEY, toValue(program)]),
    queryFn: () => take(api.GET('/api/v1/programs/{id}/standing', { params: { path: { id: toValue(program) } } })),
    enabled: computed(() => !!toValue(program)),
  })
}

/** Deductions of a program, newest first, page by page. */
export function usePenalties(program: MaybeRefOrGetter<string>) {
  const query = useInfiniteQuery({
    queryKey: computed(() => [...KEY, toValue(program), 'penalties']),
    queryFn: ({ pageParam }) => take(api.GET('/api/v1/penalties', { params: { query: { program_id: toValue(program), limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    initialPageParam: '',
    getNextPageParam: last => last.next_cursor ?? undefined,
    enabled: computed(() => !!toValue(program)),
  })
  return { query, penalties: computed(() => query.data.value?.pages.flatMap(p => p.items ?? []) ?? []) }
}

/** Reads everything from WeChat now. */
export function useReadStanding() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => take(api.POST('/api/v1/programs/{id}/refresh', { params: { path: { id } } })),
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: KEY }), client.invalidateQueries({ queryKey: ['programs'] })]),
  })
}

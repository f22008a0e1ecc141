import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api, take } from '@/shared/api/client'
import type { AuditEntry, Token, User, UserInput, UserPatch } from '@/shared/api/types'

export const ROLES = ['owner', 'manager', 'agent', 'finance', 'viewer'] as const

export function useUsers() {
  const client = useQueryClient()
  const query = useQuery({ queryKey: ['users'], queryFn: () => take(api.GET('/api/v1/users')) })
  const users = computed<User[]>(() => query.data.value?.items ?? [])
  const again = () => client.invalidateQueries({ queryKey: ['users'] })
  const add = useMutation({ mutationFn: (body: UserInput) => take(api.POST('/api/v1/users', { body })), onSettled: again })
  const change = useMutation({
    mutationFn: ({ id, body }: { id: string, body: UserPatch }) => take(api.PATCH('/api/v1/users/{id}', { params: { path: { id } }, body })),
    onSettled: again,
  })
  return { query, users, add, change }
}

export function useTokens() {
  const client = useQueryClient()
  const query = useQuery({ queryKey: ['tokens'], queryFn: () => take(api.GET('/api/v1/tokens')) })
  const tokens = computed<Token[]>(() => query.data.value?.items ?? [])
  const again = () => client.invalidateQueries({ queryKey: ['tokens'] })
  const create = useMutation({ mutationFn: (name: string) => take(api.POST('/api/v1/tokens', { body: { name } })), onSettled: again })
  const revoke = useMutation({
    mutationFn: (id: string) => take(api.DELETE('/api/v1/tokens/{id}', { params: { path: { id } } })),
    onSettled: again,
  })
  return { query, tokens, create, revoke }
}

export function useAudit() {
  const query = useInfiniteQuery({
    queryKey: ['audit'],
    queryFn: ({ pageParam }) => take(api.GET('/api/v1/audit', { params: { query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    initialPageParam: '',
    getNextPageParam: last => last.next_cursor || undefined,
  })
  const entries = computed<AuditEntry[]>(() => query.data.value?.pages.flatMap(p => p.items ?? []) ?? [])
  return { ...query, entries }
}

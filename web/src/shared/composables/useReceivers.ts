import { keepPreviousData, useMutation, useQueries, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'
import type { Binding, Channel, Filled, Variable } from '@/shared/api/types'

/** Receivers of one channel who made themselves known by scanning a code. */
export function useBindings(channelId: MaybeRefOrGetter<string>, wanted: MaybeRefOrGetter<boolean> = true) {
  const client = useQueryClient()
  const query = useQuery({
    queryKey: computed(() => ['bindings', toValue(channelId)] as const),
    queryFn: () => take(api.GET('/api/v1/channels/{id}/bindings', { params: { path: { id: toValue(channelId) } } })),
    enabled: computed(() => toValue(wanted) && !!toValue(channelId)),
  })
  const bindings = computed<Binding[]>(() => query.data.value?.items ?? [])
  const again = () => client.invalidateQueries({ queryKey: ['bindings', toValue(channelId)] })

  const start = useMutation({
    mutationFn: ({ name, userId }: { name: string, userId: string }) => take(api.POST('/api/v1/channels/{id}/bindings', {
      params: { path: { id: toValue(channelId) } },
      body: { ...(name ? { name } : {}), ...(userId ? { user_id: userId } : {}) },
    })),
  })
  const remove = useMutation({
    mutationFn: (bid: string) => take(api.DELETE('/api/v1/channels/{id}/bindings/{bid}', { params: { path: { id: toValue(channelId), bid } } })),
    onSettled: again,
  })
  return { query, bindings, start, remove, again }
}

/** What receivers who scanned a code are called, by openid: it tells people nothing. */
export function useBoundNames(channels: MaybeRefOrGetter<Channel[]>) {
  const all = useQueries({
    queries: computed(() => toValue(channels).filter(c => c.kind === 'offiaccount').map(c => ({
      queryKey: ['bindings', c.id] as const,
      queryFn: () => take(api.GET('/api/v1/channels/{id}/bindings', { params: { path: { id: c.id } } })),
    }))),
  })
  return computed(() => new Map(all.value.flatMap(q => q.data?.items ?? []).filter(b => b.address && b.name).map(b => [b.address, b.name] as const)))
}

/** A code that is shown, asked for every two seconds until somebody scanned it and was greeted, or its time is over. */
export function useBinding(channelId: MaybeRefOrGetter<string>, bindingId: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: computed(() => ['binding', toValue(channelId), toValue(bindingId)] as const),
    queryFn: () => take(api.GET('/api/v1/channels/{id}/bindings/{bid}', { params: { path: { id: toValue(channelId), bid: toValue(bindingId) } } })),
    enabled: computed(() => !!toValue(bindingId)),
    refetchInterval: (q) => {
      const b = q.state.data
      return b && (b.state === 'expired' || (b.state !== 'waiting' && (b.greeting === 'sent' || b.greeting === 'failed'))) ? false : 2000
    },
  })
}

/** Who has an account here: a member who scans is reached wherever he is named. */
export function useTellable() {
  const query = useQuery({ queryKey: ['tellable'], queryFn: () => take(api.GET('/api/v1/members')) })
  return { members: computed(() => query.data.value?.items ?? []) }
}

/** The facts that a template's places can be filled with. */
export function useVariables() {
  const query = useQuery({ queryKey: ['channel-variables'], queryFn: () => take(api.GET('/api/v1/channels/variables')), staleTime: Infinity })
  return { variables: computed<Variable[]>(() => query.data.value?.items ?? []) }
}

/** The templates of an account, as the provider lists them now. */
export function useTemplateList() {
  return useMutation({
    mutationFn: ({ channelId, settings }: { channelId?: string, settings: Record<string, unknown> }) =>
      take(api.POST('/api/v1/channels/templates', { body: { kind: 'offiaccount', settings, ...(channelId ? { channel_id: channelId } : {}) } })),
  })
}

/** What a message with example facts would look like; the server knows what providers refuse. */
export function usePreviewOf(kind: 'offiaccount' | 'sms', settings: MaybeRefOrGetter<Record<string, unknown>>) {
  const query = useQuery({
    queryKey: computed(() => ['channel-preview', kind, toValue(settings)] as const),
    queryFn: () => take(api.POST('/api/v1/channels/preview', { body: { kind, settings: toValue(settings) } })),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  })
  return { filled: computed<Filled[]>(() => query.data.value?.items ?? []) }
}

/** The address to enter in the provider's console. */
export function useCallback(channelId: MaybeRefOrGetter<string>) {
  const query = useQuery({
    queryKey: computed(() => ['channel-callback', toValue(channelId)] as const),
    queryFn: () => take(api.GET('/api/v1/channels/{id}/callback', { params: { path: { id: toValue(channelId) } } })),
    enabled: computed(() => !!toValue(channelId)),
  })
  return { url: computed(() => query.data.value?.url ?? '') }
}

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'
import type { Channel, ChannelInput, Notice, NoticeState, Subscription, SubscriptionInput } from '@/shared/api/types'

/** Channels: how people are told. Secrets go in and never come out again. */
export function useChannels() {
  const client = useQueryClient()
  const query = useQuery({ queryKey: ['channels'], queryFn: () => take(api.GET('/api/v1/channels')) })
  const channels = computed<Channel[]>(() => query.data.value?.items ?? [])
  const again = () => client.invalidateQueries({ queryKey: ['channels'] })

  const save = useMutation({
    mutationFn: ({ id, body }: { id?: string, body: ChannelInput }) => (id
      ? take(api.PATCH('/api/v1/channels/{id}', { params: { path: { id } }, body: { name: body.name, settings: body.settings } }))
      : take(api.POST('/api/v1/channels', { body }))),
    onSettled: again,
  })
  const remove = useMutation({
    mutationFn: (id: string) => take(api.DELETE('/api/v1/channels/{id}', { params: { path: { id } } })),
    onSettled: again,
  })
  const test = useMutation({
    mutationFn: ({ id, address }: { id: string, address: string }) =>
      take(api.POST('/api/v1/channels/{id}/test', { params: { path: { id } }, body: address ? { address } : {} })),
    onSettled: again,
  })
  return { query, channels, save, remove, test, nameOf: (id: string | undefined) => channels.value.find(c => c.id === id)?.name ?? '' }
}

/** Subscriptions: who hears of what, of which programs. */
export function useSubscriptions() {
  const client = useQueryClient()
  const query = useQuery({ queryKey: ['subscriptions'], queryFn: () => take(api.GET('/api/v1/subscriptions')) })
  const subscriptions = computed<Subscription[]>(() => query.data.value?.items ?? [])
  const again = () => client.invalidateQueries({ queryKey: ['subscriptions'] })

  const save = useMutation({
    mutationFn: ({ id, body }: { id?: string, body: SubscriptionInput }) => (id
      ? take(api.PATCH('/api/v1/subscriptions/{id}', { params: { path: { id } }, body }))
      : take(api.POST('/api/v1/subscriptions', { body }))),
    onSettled: again,
  })
  const remove = useMutation({
    mutationFn: (id: string) => take(api.DELETE('/api/v1/subscriptions/{id}', { params: { path: { id } } })),
    onSettled: again,
  })
  return { query, subscriptions, save, remove }
}

export interface NoticeFilter { state?: NoticeState | '', channel?: string, event?: string }

/** Every message, newest first, with its attempts. */
export function useNotices(filter: MaybeRefOrGetter<NoticeFilter> = {}) {
  const narrowed = computed(() => {
    const f = toValue(filter)
    return { state: f.state || undefined, channel_id: f.channel || undefined, event: f.event || undefined }
  })
  const query = useInfiniteQuery({
    queryKey: computed(() => ['notices', narrowed.value] as const),
    queryFn: ({ pageParam }) => take(api.GET('/api/v1/notices', { params: { query: { limit: 50, cursor: pageParam || undefined, ...narrowed.value } } })),
    initialPageParam: '',
    getNextPageParam: last => last.next_cursor || undefined,
    refetchInterval: 15_000,
  })
  const notices = computed<Notice[]>(() => query.data.value?.pages.flatMap(p => p.items ?? []) ?? [])
  return { ...query, notices }
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref } from 'vue'
import { api, take } from '@/shared/api/client'
import type { Platform, PlatformInput } from '@/shared/api/types'
import { now } from '@/shared/clock'
import { useSession } from './useSession'

const KEY = ['platform'] as const

/**
 * The third-party platform this installation runs on. While somebody looks, the checks are read again every 5 seconds.
 * Token and Key made here stay in this page's memory only; when it is left they can be replaced but no longer read.
 */
export function usePlatform() {
  const client = useQueryClient()
  const { can } = useSession()
  const query = useQuery({
    queryKey: KEY,
    queryFn: () => take(api.GET('/api/v1/platform')),
    enabled: computed(() => can('platform')),
    refetchInterval: 5_000,
    staleTime: 0,
  })
  const platform = computed<Platform | undefined>(() => query.data.value)
  const fresh = ref<{ token: string, key: string, at: number } | null>(null)
  const keep = (next: Platform) => client.setQueryData(KEY, next)
  const again = () => client.invalidateQueries({ queryKey: KEY })

  const save = useMutation({
    mutationFn: (body: PlatformInput) => take(api.PUT('/api/v1/platform', { body })),
    onSettled: again,
  })
  const generate = useMutation({
    // Made there, then stored: shown here only once both are done, so what is copied is what is in force.
    async mutationFn() {
      const made = await take(api.POST('/api/v1/platform/generate'))
      const next = await take(api.PUT('/api/v1/platform', {
        body: { component_appid: platform.value?.component_appid ?? '', token: made.token, encoding_aes_key: made.encoding_aes_key },
      }))
      return { made, next }
    },
    onSuccess({ made, next }) {
      fresh.value = { token: made.token, key: made.encoding_aes_key, at: now() }
      keep(next)
    },
  })
  const check = useMutation({
    mutationFn: () => take(api.POST('/api/v1/platform/check')),
    onSuccess: keep,
  })

  const checks = computed(() => new Map((platform.value?.checks ?? []).map(c => [c.id, c])))
  const filled = computed(() => !!platform.value?.component_appid && platform.value.has_secret)
  const keyed = computed(() => !!platform.value?.has_token && platform.value.has_encoding_aes_key)

  return { query, platform, fresh, save, generate, check, checks, filled, keyed }
}

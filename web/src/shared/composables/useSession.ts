import { useMutation, useQuery, useQueryClient, type QueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useRoute } from 'vue-router'
import { api, take } from '@/shared/api/client'
import { ApiProblem } from '@/shared/api/problem'
import type { Me } from '@/shared/api/types'
import { now } from '@/shared/clock'
import { openDrafts } from '@/shared/drafts'
import { activeLink } from '@/shared/link'
import { may, type Right } from '@/shared/rules/permission'

const ME = ['me'] as const

const meQuery = {
  queryKey: ME,
  staleTime: 60_000,
  async queryFn(): Promise<Me | null> {
    try {
      const me = await take(api.GET('/api/v1/me'))
      openDrafts(me.id, now())
      return me
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) return null
      throw error
    }
  },
}

/** Who is signed in, asked once and then remembered; null = nobody. For the router, outside a component. */
export function whoAmI(client: QueryClient): Promise<Me | null> {
  return client.fetchQuery(meQuery)
}

/** Whether this installation still waits for its first owner. */
export async function setupNeeded(): Promise<boolean> {
  return (await take(api.GET('/api/v1/setup'))).needed
}

export function useSession() {
  const client = useQueryClient()
  const route = useRoute()
  // At the door nobody is signed in, so nobody asks who it is.
  const { data: me } = useQuery({ ...meQuery, enabled: computed(() => !route.meta.open) })

  const signIn = useMutation({
    mutationFn: (body: { email: string, password: string, otp?: string }) => take(api.POST('/api/v1/session', { body })),
    onSuccess: () => client.clear(),
  })

  const signOut = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/session')),
    onSettled: () => client.clear(),
  })

  const setUp = useMutation({
    mutationFn: (body: { token: string, email: string, name: string, password: string }) => take(api.POST('/api/v1/setup', { body })),
    onSuccess: () => client.clear(),
  })

  return {
    me,
    userId: computed(() => (activeLink.value ? `link:${activeLink.value.link_id}` : me.value?.id ?? '')),
    can: (right: Right) => may(activeLink.value ? { permissions: activeLink.value.rights === 'act' ? ['cases_read', 'cases_act'] : ['cases_read'] } : me.value, right),
    signIn,
    signOut,
    setUp,
  }
}

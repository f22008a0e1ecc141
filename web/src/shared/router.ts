import type { QueryClient } from '@tanstack/vue-query'
import { createRouter, createWebHistory, type RouteLocationNormalized, type RouteRecordRaw, type Router } from 'vue-router'
import { setupNeeded, whoAmI } from '@/shared/composables/useSession'
import { i18n } from '@/shared/i18n'

/** Only a path of our own may be the place to go to after signing in. */
export function safeNext(next: unknown): string {
  return typeof next === 'string' && next.startsWith('/') && !next.startsWith('//') && !next.startsWith('/\\') && !next.startsWith('/login') ? next : '/'
}

/** The same addresses on both faces, so a link sent from a desk opens on a phone. A page that is not mine has the other face: the browser goes there. */
export function buildRouter(routes: readonly RouteRecordRaw[], queries: QueryClient, mine: (path: string) => boolean): Router {
  const router = createRouter({ history: createWebHistory(), routes: [...routes], scrollBehavior: (_to, _from, saved) => saved ?? undefined })

  router.beforeEach((to) => {
    if (mine(to.path)) return true
    window.location.assign(router.resolve(to.fullPath).href)
    return false
  })

  router.beforeEach(async (to) => {
    if (to.meta.open) return true
    const me = await whoAmI(queries).catch(() => undefined)
    if (me === undefined) return true
    return me ? true : signInPlace(to)
  })

  router.afterEach((to) => {
    const { t } = i18n.global
    document.title = to.meta.title ? `${t(to.meta.title)} · ${t('app.name')}` : t('app.name')
  })

  // Signed out elsewhere or run out: any later answer of /me that says so leads to the door.
  queries.getQueryCache().subscribe(({ type, query }) => {
    if (type !== 'updated' || query.queryKey[0] === 'me') return
    const error = query.state.error as { status?: number } | null
    const here = router.currentRoute.value
    if (error?.status === 401 && !here.meta.open) {
      queries.setQueryData(['me'], null)
      void router.replace({ path: '/login', query: { next: here.fullPath } })
    }
  })
  return router
}

async function signInPlace(to: RouteLocationNormalized) {
  const fresh = await setupNeeded().catch(() => false)
  return fresh ? { path: '/setup' } : { path: '/login', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
}

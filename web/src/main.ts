import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { createApp, type App } from 'vue'
import { ApiProblem } from '@/shared/api/problem'
import { currentFace, onFaceChange, type Face } from '@/shared/face'
import { chosenLocale, i18n, useLocale } from '@/shared/i18n'
import { buildRouter } from '@/shared/router'
import { followSystemTheme } from '@/shared/theme'
import '@/shared/styles/base.css'
import '@/shared/styles/tokens.css'

const faces = {
  desk: () => import('@/desk'),
  phone: () => import('@/phone'),
}

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // A refusal stays a refusal; only what may pass by itself is asked again.
      retry: (count, error) => count < 2 && error instanceof ApiProblem && (error.offline || error.status >= 500),
    },
  },
})

let app: App | undefined

/** Draws one face. Crossing the width between them draws the other over the same data; drafts are in the browser's storage. */
async function draw(face: Face) {
  const [{ default: Root, routes }] = await Promise.all([faces[face](), useLocale(chosenLocale(), face)])
  app?.unmount()
  app = createApp(Root)
  app.use(i18n)
  app.use(VueQueryPlugin, { queryClient: queries })
  app.use(buildRouter(routes, queries, path => currentFace(path) === face))
  app.mount('#app')
}

followSystemTheme()
let face = currentFace()
onFaceChange((next) => {
  if (next === face) return
  face = next
  void draw(face)
})
void draw(face)

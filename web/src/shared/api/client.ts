import createClient from 'openapi-fetch'
import { noteServerDate } from '@/shared/clock'
import { linkAuthorization, noteRefusal } from '@/shared/link'
import { ApiProblem, problemOf } from './problem'
import type { paths } from './schema'

/** The one way to the server. Types come from the OpenAPI document (npm run api); nothing here is typed by hand. */
export const api = createClient<paths>({ credentials: 'same-origin', fetch: request => globalThis.fetch(request) })

api.use({
  onRequest({ request, schemaPath }) {
    const link = linkAuthorization(schemaPath)
    if (link) request.headers.set('Authorization', link)
  },
  onResponse({ response }) {
    noteRefusal(response.status)
    noteServerDate(response.headers.get('Date'))
  },
  onError() {
    return new ApiProblem(0, 'network', '')
  },
})

interface Answer<T> { data?: T, error?: unknown, response: Response }

/** The body of a good answer; everything else is thrown as an ApiProblem. */
export async function take<T>(pending: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await pending
  if (!response.ok) throw problemOf(response, error)
  return data as T
}

/** One key per intent: repeating the same click sends the same key, so the server acts once. */
export function newIdempotencyKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  // randomUUID wants a secure context; a first visit by plain http in the own network has none.
  return [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join('')
}

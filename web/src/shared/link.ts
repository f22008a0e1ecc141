import { computed, shallowRef } from 'vue'
import type { OpenedLink } from '@/shared/api/types'

/** Where one-tap links lie. The last part of the address is the key: it is sent to the server in a header only, never in another address. */
export const LINK_PATH = '/c/'

interface Active extends OpenedLink { token: string }

/** The link this page was opened with, while it works; null for people with an account. */
export const activeLink = shallowRef<Active | null>(null)
/** Counts how often the server said that the link has ended. */
export const linkRefusals = shallowRef(0)

export const throughLink = computed(() => activeLink.value !== null)

/** Asking about the link itself, and logging in, is done without it. */
const WITHOUT = ['/api/v1/link', '/api/v1/session', '/api/v1/setup']

export function linkAuthorization(path: string): string | null {
  return activeLink.value && !WITHOUT.includes(path) ? `Link ${activeLink.value.token}` : null
}

export function noteRefusal(status: number): void {
  if (status === 401 && activeLink.value) linkRefusals.value++
}

/** Where to go on with an account: the page itself asks for the login and comes back. */
export function caseWithLogin(id: string): string {
  return `/complaints/${encodeURIComponent(id)}`
}

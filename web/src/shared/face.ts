import { LINK_PATH } from '@/shared/link'

/** The two faces: a desk, and a phone by its width or by what it says it is. */
export type Face = 'desk' | 'phone'

/** Pages that only the desk has. A phone gets them as they are, narrow: usable, not made for it. */
const DESK_ONLY = /^\/(?:standing|reports|rules|settings|notices\/(?:subscriptions|reminders|channels\/edit))(?:\/|$)/

const NARROW = '(max-width: 767.98px)'
const PHONE = /Android.*Mobile|iPhone|iPod|Windows Phone|MicroMessenger.*Mobile/i

export function faceOf(width: number, userAgent: string): Face {
  return width < 768 || PHONE.test(userAgent) ? 'phone' : 'desk'
}

/** Which face a path has here. */
export function faceAt(path: string, width: number, userAgent: string): Face {
  // A link of a message is made for a phone, and opens the same page everywhere.
  if (path.startsWith(LINK_PATH)) return 'phone'
  return DESK_ONLY.test(path) ? 'desk' : faceOf(width, userAgent)
}

export function currentFace(path = window.location.pathname): Face {
  return faceAt(path, window.innerWidth, navigator.userAgent)
}

export function onFaceChange(listener: (face: Face) => void): void {
  window.matchMedia(NARROW).addEventListener('change', () => listener(currentFace()))
}

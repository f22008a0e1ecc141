import { LINK_PATH } from '@/shared/link'

/** The two faces: a desk, and a phone by its width or by what it says it is. */
export type Face = 'desk' | 'phone'

const NARROW = '(max-width: 767.98px)'
const PHONE = /Android.*Mobile|iPhone|iPod|Windows Phone|MicroMessenger.*Mobile/i

export function faceOf(width: number, userAgent: string): Face {
  return width < 768 || PHONE.test(userAgent) ? 'phone' : 'desk'
}

export function currentFace(): Face {
  // A link of a message is made for a phone, and opens the same page everywhere.
  if (window.location.pathname.startsWith(LINK_PATH)) return 'phone'
  return faceOf(window.innerWidth, navigator.userAgent)
}

export function onFaceChange(listener: (face: Face) => void): void {
  window.matchMedia(NARROW).addEventListener('change', () => listener(currentFace()))
}

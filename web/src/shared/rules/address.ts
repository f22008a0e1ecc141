import { isAddress } from './mail'

/** Whether a text can be the address of a receiver on a channel of this kind. A masked one stands for what is stored. */
export function addressFits(kind: string | undefined, text: string): boolean {
  const s = text.trim()
  if (s.includes('***')) return true
  switch (kind) {
    case 'email': return isAddress(s)
    case 'sms': return /^\+?[\d\s()-]{7,24}$/.test(s) && s.replace(/\D/g, '').length >= 7
    case 'offiaccount': return /^[\w-]{10,64}$/.test(s)
    default: return true
  }
}

/**
 * Refunds as people type and read them. Money is integer fen; no amount ever passes through a float.
 * Limits are WeChat Pay's (reference/wechat-pay.md §1.2 and §1.4).
 */

/** The reason is shown to the payer; WeChat Pay counts bytes of UTF-8, not characters. */
export const REASON_BYTES = 80

/** A partial refund of this much or less shows no reason to the payer, fen. */
const REASON_HIDDEN = 100

/** More digits than any order has, and far below what a number holds exactly. */
const MAX_DIGITS = 11

/** Full-width figures and signs, as an input method leaves them behind, are read as what was meant. */
function plain(text: string): string {
  return text.normalize('NFKC').replace(/。/g, '.').replace(/[¥￥元\s]/g, '')
}

/** Yuan as typed, in fen: 300, 300.5, 1,299.00, ¥300. null = not an amount. Never rounds: a third decimal is refused. */
export function parseYuan(text: string): number | null {
  const m = /^(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d{0,2}))?$/.exec(plain(text))
  if (!m) return null
  const yuan = m[1]!.replace(/,/g, '').replace(/^0+(?=\d)/, '')
  if (yuan.length > MAX_DIGITS) return null
  return Number(yuan + (m[2] ?? '').padEnd(2, '0'))
}

/** Fen as a field holds it, 300.00: no sign, no separators. */
export function yuanText(fen: number): string {
  const digits = Math.trunc(fen).toString().padStart(3, '0')
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`
}

export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}

export type AmountFault = 'empty' | 'format' | 'zero' | 'over' | 'limit'

export interface AmountLimits { remaining?: number | null, limit?: number | null }

/** What is wrong with an amount; null = nothing. limit = the most this person may refund, null = no limit of their own. */
export function amountFault(text: string, { remaining, limit }: AmountLimits): AmountFault | null {
  if (!text.trim()) return 'empty'
  const fen = parseYuan(text)
  if (fen === null) return 'format'
  if (fen <= 0) return 'zero'
  if (remaining != null && fen > remaining) return 'over'
  if (limit != null && fen > limit) return 'limit'
  return null
}

/** When the refunds of an order come to more than the limit, a second person decides. 0 = every refund, null = none. */
export function needsApproval(together: number, above: number | null | undefined): boolean {
  return above != null && together > above
}

export function reasonShown(amount: number, remaining: number | null | undefined, refunded: number | null | undefined): boolean {
  const whole = amount === remaining && !refunded
  return whole || amount > REASON_HIDDEN
}

/** Parts of the bar in per cent: given back before, this time, left afterwards. Always 100 together, never negative. */
export function shares(total: number | null | undefined, before: number | null | undefined, now: number | null): { before: number, now: number, left: number } {
  if (!total || total <= 0) return { before: 0, now: 0, left: 100 }
  const part = (fen: number) => (Math.min(Math.max(fen, 0), total) / total) * 100
  const first = part(before ?? 0)
  const second = Math.min(part(now ?? 0), 100 - first)
  return { before: first, now: second, left: 100 - first - second }
}

export const REFUND_STATES = [
  'waiting_approval', 'queued', 'running', 'processing', 'unknown', 'done', 'parked', 'abnormal', 'failed', 'closed', 'rejected', 'cancelled',
] as const
export type RefundState = (typeof REFUND_STATES)[number]

/** How a state is drawn: on its way, arrived, needs somebody, did not happen. */
export type RefundMood = 'moving' | 'good' | 'stuck' | 'bad' | 'off'

const MOODS: Record<RefundState, RefundMood> = {
  waiting_approval: 'moving', queued: 'moving', running: 'moving', processing: 'moving', unknown: 'moving', done: 'good', parked: 'stuck', abnormal: 'stuck',
  failed: 'bad', closed: 'bad', rejected: 'off', cancelled: 'off',
}

export function refundMood(state: string): RefundMood {
  return MOODS[state as RefundState] ?? 'moving'
}

/** Nothing more will happen by itself. */
export function isSettled(state: string): boolean {
  return ['good', 'bad', 'off'].includes(refundMood(state))
}

/** How long to wait before asking again what became of it, ms; false = it is settled or waits for a person. */
export function askAgain(state: string | undefined): number | false {
  switch (state) {
    case undefined: case 'queued': case 'running': return 1_000
    case 'processing': case 'unknown': return 3_000
    case 'waiting_approval': case 'parked': case 'abnormal': return 10_000
    default: return false
  }
}

/** Where in this interface a refusal is mended; null = not here, its sentence says where. */
export function wayOutPath(code: string, programId: string | null | undefined): string | null {
  switch (code) {
    case 'no_merchant': return programId ? `/programs?open=${encodeURIComponent(programId)}` : '/programs'
    case 'merchant_paused': case 'merchant_broken': return '/settings/merchants'
    default: return null
  }
}

/** Whether anything of the order is left to give back, as far as the case knows. */
export function owesRefund(c: { amount: number | null, refund_remaining: number | null, refunds?: readonly { state: string }[] | null } | null | undefined): boolean {
  if (!c || !(c.refund_remaining ?? c.amount)) return false
  return !(c.refunds ?? []).some(r => !isSettled(r.state))
}

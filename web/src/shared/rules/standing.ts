import type { ScoreChange, Standing } from '@/shared/api/types'

/** A score is drawn from 60 up, or from the ten below its lowest. */
export const FULL = 100
export const floorOf = (scores: readonly number[]) => Math.max(0, Math.min(60, Math.floor((Math.min(FULL, ...scores) - 1) / 10) * 10))

export interface Step { at: number, score: number, was: number | null, x: number, y: number }

/** Every change of the score in a span, with its place: x and y from 0 to 100, y downwards. What was before the span began stands at its left edge. */
export function stepsOf(history: readonly ScoreChange[], from: number, to: number): { steps: Step[], floor: number } {
  const floor = floorOf(history.flatMap(h => (h.was == null || h.at <= from ? [h.score] : [h.score, h.was])))
  const place = (h: ScoreChange): Step => ({
    at: h.at, score: h.score, was: h.was,
    x: Math.min(100, Math.max(0, (h.at - from) / (to - from) * 100)),
    y: (FULL - h.score) / (FULL - floor) * 100,
  })
  return { steps: history.map(place), floor }
}

/** The line: level until a change, then at once to the new score, level until today. It begins where the first score was read. */
export function linePath(steps: readonly Step[]): string {
  const [first, ...rest] = steps
  if (!first) return ''
  return `M${first.x} ${first.y}${rest.map(s => `H${s.x}V${s.y}`).join('')}H100`
}

/** 2 deducted, 4 under appeal, 5 rejected, 6 won; others are WeChat's secret. */
export type Appeal = 'open' | 'late' | 'running' | 'rejected' | 'won' | 'unknown'

export function appealOf(p: { status: number, appeal_until?: number | null }, now: number): Appeal {
  if (p.status === 2) return p.appeal_until == null ? 'unknown' : p.appeal_until > now ? 'open' : 'late'
  return p.status === 4 ? 'running' : p.status === 5 ? 'rejected' : p.status === 6 ? 'won' : 'unknown'
}

/** What is said beside a score: lately deducted, under appeal, the guarantee badge and why it is off. */
export function factsOf(s: Standing): { id: 'recent' | 'appealing' | 'badge', key: string, params?: Record<string, number>, more?: readonly string[] }[] {
  const badge = s.guarantee.active
  return [
    { id: 'recent', ...(s.penalties_30d ? { key: 'standing.deducted', params: { points: s.deducted_30d, n: s.penalties_30d } } : { key: 'standing.nothing' }) },
    { id: 'appealing', ...(s.appealing ? { key: 'standing.appeals', params: { n: s.appealing, points: s.appeal_points } } : { key: 'standing.noAppeal' }) },
    { id: 'badge', key: badge == null ? 'standing.badgeUnknown' : badge ? 'standing.badgeOn' : 'standing.badgeOff', ...(badge === false && s.guarantee.reasons?.length ? { more: s.guarantee.reasons } : {}) },
  ]
}

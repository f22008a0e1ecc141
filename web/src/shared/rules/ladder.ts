/** WeChat's time for an answer, in hours; the line of reminders is drawn over it. The real deadline of a case is always WeChat's own. */
export const CLOCK_HOURS = 48

export interface Step { after_minutes?: number | null, hours_left?: number | null }

/** Where a step stands on the line, 0 at the complaint and 100 at the deadline; what would come before the beginning stands at it. */
export function stepPlace(step: Step): number {
  const hours = step.after_minutes != null ? step.after_minutes / 60 : CLOCK_HOURS - (step.hours_left ?? 0)
  return Math.min(100, Math.max(0, (hours / CLOCK_HOURS) * 100))
}

/** Exactly one of the two is set, and it is a number that can be waited for. */
export function stepFits(step: Step): boolean {
  const set = [step.after_minutes, step.hours_left].filter(v => v != null)
  return set.length === 1 && Number.isInteger(set[0]) && set[0]! >= 1
}

/** Hours as the server wants them: whole, each once, most first. */
export function tidyHours(hours: readonly number[]): number[] {
  return [...new Set(hours.filter(h => Number.isInteger(h) && h >= 1))].sort((a, b) => b - a)
}

/** Yuan as typed into fen; null for nothing, NaN for what is no amount. */
export function fenOf(yuan: string): number | null {
  const text = yuan.trim()
  if (!text) return null
  return /^\d{1,9}(\.\d{1,2})?$/.test(text) ? Math.round(Number(text) * 100) : Number.NaN
}

/** What a subscription says beside programs, events and receivers, as it is typed. */
export interface SubscriptionExtra {
  tags: string[]
  types: number[]
  min: string
  max: string
  fallback: string[]
  group: boolean
  quiet: boolean
  from: string
  until: string
}

interface Kept {
  tags?: string[]
  types?: number[]
  min_amount?: number | null
  max_amount?: number | null
  fallback_channel_ids?: string[]
  group?: boolean
  quiet?: { from: string, to: string } | null
}

const yuan = (fen: number | null | undefined) => (fen == null ? '' : String(fen / 100))

export function readExtra(s: Kept | null): SubscriptionExtra {
  return {
    tags: [...s?.tags ?? []], types: [...s?.types ?? []], min: yuan(s?.min_amount), max: yuan(s?.max_amount), fallback: [...s?.fallback_channel_ids ?? []],
    group: s?.group ?? true, quiet: !!s?.quiet, from: s?.quiet?.from ?? '22:00', until: s?.quiet?.to ?? '08:00',
  }
}

/** An amount that is no amount, or a range that nothing fits in. */
export function extraFits(x: SubscriptionExtra): boolean {
  const [min, max] = [fenOf(x.min), fenOf(x.max)]
  return !Number.isNaN(min) && !Number.isNaN(max) && (min === null || max === null || min <= max)
}

/** Whether somebody set more than who hears what: then it is shown without asking. */
export function narrows(x: SubscriptionExtra): boolean {
  return x.tags.length > 0 || x.types.length > 0 || !!x.min || !!x.max || x.fallback.length > 0 || x.quiet || !x.group
}

/** The channels that are used at once: a receiver on a fallback channel is told there only when the others fail or stay silent. */
export function atOnce(channelIds: string[], fallback: string[]): string[] {
  return [...new Set(channelIds)].filter(id => !fallback.includes(id))
}

/** For the server. On a change null takes a bound away; a new subscription leaves out what it has not. */
export function writeExtra(x: SubscriptionExtra, fresh: boolean): Kept {
  const body: Kept = {
    tags: x.tags, types: x.types, min_amount: fenOf(x.min), max_amount: fenOf(x.max), fallback_channel_ids: x.fallback, group: x.group,
    quiet: x.quiet ? { from: x.from, to: x.until } : null,
  }
  return fresh ? Object.fromEntries(Object.entries(body).filter(([, v]) => v !== null)) : body
}

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

/** Limits, reports and the days on which rules hold are days in Beijing, wherever the browser is. There is no summer time. */
const OFFSET = 8 * 3600_000

const shifted = (ms: number) => new Date(ms + OFFSET)

export function beijingDay(ms: number): { month: number, day: number } {
  const d = shifted(ms)
  return { month: d.getUTCMonth() + 1, day: d.getUTCDate() }
}

/** The day of a moment as a date input wants it. */
export const beijingDate = (ms: number): string => shifted(ms).toISOString().slice(0, 10)

/** The moment at which a day of a date input begins. */
export function beijingMidnight(text: string): number | null {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00+08:00`) || null : null
}

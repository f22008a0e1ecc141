import type { Report, ReportRow } from '@/shared/api/types'
import { DAY } from '@/shared/format/time'

/** Periods that end today, in days. */
export const SPANS = [7, 30, 90] as const
export type Span = (typeof SPANS)[number]

/** The longest period the server reports on, in days. */
export const MAX_DAYS = 366

const text = (at: number) => {
  const d = new Date(at)
  return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`
}

/** The first and the last day of a span that ends today, as an address has them. */
export const spanDays = (days: number, now: number) => ({ from: text(now - (days - 1) * DAY), to: text(now) })

/** Answered without letting the time run out, as a share of all that had to be answered; null when there was nothing to answer. */
export function answeredShare(r: Pick<ReportRow, 'answered' | 'lapsed'>): number | null {
  const all = r.answered + r.lapsed
  return all ? r.answered / all : null
}

/** 100% only when nothing is missing. */
export function percent(share: number | null): string {
  if (share == null) return '–'
  return `${share === 1 ? 100 : Math.min(99.9, Math.round(share * 1000) / 10)}%`
}

export interface Bar { key: string, from: string, to: string, filed: number, answered: number }

/** Days as bars; a longer period in weeks that end with its last day, so that the last bar is whole. */
export function barsOf(days: Report['items'], most = 45): Bar[] {
  const step = days.length > most ? Math.ceil(days.length / most / 7) * 7 : 1
  const bars: Bar[] = []
  for (let end = days.length; end > 0; end -= step) {
    const part = days.slice(Math.max(0, end - step), end)
    bars.unshift({
      key: part[0]!.key, from: part[0]!.key, to: part.at(-1)!.key,
      filed: part.reduce((n, d) => n + d.filed, 0), answered: part.reduce((n, d) => n + Math.min(d.filed, d.answered), 0),
    })
  }
  return bars
}

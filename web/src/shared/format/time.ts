/**
 * Times are Unix milliseconds. Functions here are pure: they answer which sentence of the locale file to use and with what in it, so the
 * same rule serves both languages and is tested without either.
 */
export interface Phrase { key: string, params?: Record<string, string | number> }

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

const two = (n: number) => n.toString().padStart(2, '0')

export function clockTime(ms: number): string {
  const d = new Date(ms)
  return `${two(d.getHours())}:${two(d.getMinutes())}`
}

/** Whole calendar days from now to ms in local time: 0 today, -1 yesterday, 1 tomorrow. */
export function dayDistance(ms: number, now: number): number {
  const a = new Date(ms)
  const b = new Date(now)
  const days = (d: Date) => Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) / DAY
  return days(a) - days(b)
}

/** 今天 16:00, 昨天 09:12, 3月10日 16:00, 2025年3月10日 16:00. */
export function momentPhrase(ms: number | null | undefined, now: number): Phrase {
  if (ms == null || ms <= 0) return { key: 'time.unknown' }
  const time = clockTime(ms)
  const distance = dayDistance(ms, now)
  if (distance === 0) return { key: 'time.today', params: { time } }
  if (distance === -1) return { key: 'time.yesterday', params: { time } }
  if (distance === 1) return { key: 'time.tomorrow', params: { time } }
  const d = new Date(ms)
  const params = { time, month: d.getMonth() + 1, day: d.getDate(), year: d.getFullYear() }
  return { key: d.getFullYear() === new Date(now).getFullYear() ? 'time.date' : 'time.dateYear', params }
}

/** 刚刚, 8 秒前, 12 分钟前, 2 小时前; from the day before on the moment itself. */
export function agoPhrase(ms: number | null | undefined, now: number): Phrase {
  if (ms == null || ms <= 0) return { key: 'time.never' }
  const past = now - ms
  if (past < 5 * SECOND) return { key: 'time.justNow' }
  if (past < MINUTE) return { key: 'time.secondsAgo', params: { n: Math.floor(past / SECOND) } }
  if (past < HOUR) return { key: 'time.minutesAgo', params: { n: Math.floor(past / MINUTE) } }
  if (past < DAY && dayDistance(ms, now) === 0) return { key: 'time.hoursAgo', params: { n: Math.floor(past / HOUR) } }
  return momentPhrase(ms, now)
}

/** 2 天 14 小时, 1 小时 42 分, 9 分钟, 不到 1 分钟. The length is taken as positive. */
export function lengthPhrase(ms: number): Phrase {
  const left = Math.abs(ms)
  if (left >= DAY) return { key: 'time.daysHours', params: { d: Math.floor(left / DAY), h: Math.floor((left % DAY) / HOUR) } }
  if (left >= HOUR) return { key: 'time.hoursMinutes', params: { h: Math.floor(left / HOUR), m: two(Math.floor((left % HOUR) / MINUTE)) } }
  if (left >= MINUTE) return { key: 'time.minutes', params: { m: Math.floor(left / MINUTE) } }
  return { key: 'time.underMinute' }
}

/** How long something is overdue, in one unit: 3 小时. */
export function overduePhrase(ms: number): Phrase {
  const over = Math.abs(ms)
  if (over >= DAY) return { key: 'time.days', params: { d: Math.floor(over / DAY) } }
  if (over >= HOUR) return { key: 'time.hours', params: { h: Math.floor(over / HOUR) } }
  if (over >= MINUTE) return { key: 'time.minutes', params: { m: Math.floor(over / MINUTE) } }
  return { key: 'time.underMinute' }
}

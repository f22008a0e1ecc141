import { describe, expect, test } from 'vitest'
import { formatCount, formatFen } from '@/shared/format/money'
import { countCharacters, groundOf, initial, shortId } from '@/shared/format/text'
import { agoPhrase, dayDistance, DAY, HOUR, lengthPhrase, MINUTE, momentPhrase, overduePhrase, SECOND } from '@/shared/format/time'

describe('money is fen and becomes yuan only for the eye', () => {
  test.each([
    [0, '¥0.00'],
    [1, '¥0.01'],
    [16800, '¥168.00'],
    [12345678, '¥123,456.78'],
    [100000000000, '¥1,000,000,000.00'],
    [-50, '−¥0.50'],
    [null, '–'],
    [undefined, '–'],
    [Number.NaN, '–'],
  ])('%s fen reads %s', (fen, text) => {
    expect(formatFen(fen)).toBe(text)
  })

  test.each([[0, '0'], [999, '999'], [1312, '1,312'], [1000000, '1,000,000'], [null, '–']])('the count %s reads %s', (n, text) => {
    expect(formatCount(n)).toBe(text)
  })
})

describe('texts', () => {
  test('a long id keeps both ends, a short one all of itself', () => {
    expect(shortId('4200002391202603060638')).toBe('4200…0638')
    expect(shortId('123456789')).toBe('123456789')
    expect(shortId('')).toBe('–')
    expect(shortId(null)).toBe('–')
  })

  test('characters are counted as a person counts them', () => {
    expect(countCharacters('非常抱歉')).toBe(4)
    expect(countCharacters('好👍')).toBe(2)
    expect(countCharacters('')).toBe(0)
  })

  test('a name without letters still gets a sign', () => {
    expect(initial('满山茶铺')).toBe('满')
    expect(initial('  zhou')).toBe('Z')
    expect(initial('')).toBe('?')
    expect(initial(null)).toBe('?')
  })

  test('the same id always stands on the same one of eight grounds', () => {
    for (const id of ['p1', '0197b4', '']) {
      expect(groundOf(id)).toBe(groundOf(id))
      expect(groundOf(id)).toBeGreaterThanOrEqual(0)
      expect(groundOf(id)).toBeLessThan(8)
    }
  })
})

describe('moments', () => {
  const now = new Date(2026, 2, 12, 14, 18).getTime()

  test.each([
    ['today', new Date(2026, 2, 12, 16, 0), 'time.today'],
    ['one minute before midnight today', new Date(2026, 2, 12, 23, 59), 'time.today'],
    ['midnight tomorrow', new Date(2026, 2, 13, 0, 0), 'time.tomorrow'],
    ['yesterday', new Date(2026, 2, 11, 9, 12), 'time.yesterday'],
    ['two days ago', new Date(2026, 2, 10, 16, 0), 'time.date'],
    ['another year', new Date(2025, 11, 31, 23, 59), 'time.dateYear'],
  ])('%s', (_name, at, key) => {
    expect(momentPhrase(at.getTime(), now).key).toBe(key)
  })

  test('carries clock, month and day with two-figure times', () => {
    expect(momentPhrase(new Date(2026, 2, 6, 8, 5).getTime(), now).params).toEqual({ time: '08:05', month: 3, day: 6, year: 2026 })
  })

  test('no moment is not 1970', () => {
    expect(momentPhrase(null, now).key).toBe('time.unknown')
    expect(momentPhrase(0, now).key).toBe('time.unknown')
    expect(agoPhrase(0, now).key).toBe('time.never')
  })

  test('days are counted on the calendar, not in 24 hours', () => {
    expect(dayDistance(new Date(2026, 2, 11, 23, 59).getTime(), new Date(2026, 2, 12, 0, 1).getTime())).toBe(-1)
    expect(dayDistance(new Date(2026, 2, 12, 0, 1).getTime(), new Date(2026, 2, 12, 23, 59).getTime())).toBe(0)
  })

  test.each([
    [2 * SECOND, 'time.justNow', undefined],
    [8 * SECOND, 'time.secondsAgo', { n: 8 }],
    [12 * MINUTE + 30 * SECOND, 'time.minutesAgo', { n: 12 }],
    [2 * HOUR, 'time.hoursAgo', { n: 2 }],
  ])('%s ms ago reads %s', (past, key, params) => {
    expect(agoPhrase(now - past, now)).toEqual(params ? { key, params } : { key })
  })

  test('from the day before on it is the moment itself', () => {
    expect(agoPhrase(now - 16 * HOUR, now).key).toBe('time.yesterday')
    expect(agoPhrase(now - 3 * DAY, now).key).toBe('time.date')
  })

  test('a clock that is ahead does not make things happen in the future', () => {
    expect(agoPhrase(now + MINUTE, now).key).toBe('time.justNow')
  })
})

describe('lengths', () => {
  test.each([
    [62 * HOUR + 59 * MINUTE, { key: 'time.daysHours', params: { d: 2, h: 14 } }],
    [DAY, { key: 'time.daysHours', params: { d: 1, h: 0 } }],
    [DAY - 1, { key: 'time.hoursMinutes', params: { h: 23, m: '59' } }],
    [5 * HOUR + 6 * MINUTE, { key: 'time.hoursMinutes', params: { h: 5, m: '06' } }],
    [59 * MINUTE + 59 * SECOND, { key: 'time.minutes', params: { m: 59 } }],
    [59 * SECOND, { key: 'time.underMinute' }],
  ])('%s ms', (ms, phrase) => {
    expect(lengthPhrase(ms)).toEqual(phrase)
  })

  test('overdue is said in one unit', () => {
    expect(overduePhrase(-3 * HOUR - 20 * MINUTE)).toEqual({ key: 'time.hours', params: { h: 3 } })
    expect(overduePhrase(-2 * DAY)).toEqual({ key: 'time.days', params: { d: 2 } })
  })
})

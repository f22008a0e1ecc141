import { describe, expect, test } from 'vitest'
import type { ReportRow } from '@/shared/api/types'
import { answeredShare, barsOf, percent, spanDays } from '@/shared/rules/report'

const row = (part: Partial<ReportRow>): ReportRow => ({
  key: '', name: '', filed: 0, closed: 0, withdrawn: 0, answered: 0, lapsed: 0, agreed: 0, refused: 0, ruled: 0, amount: 0, refunded: 0, refunded_cases: 0,
  answer_median: null, answer_slow: null, ...part,
})
const days = (n: number) => Array.from({ length: n }, (_, i) => row({ key: new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10), filed: 2, answered: 1 }))

test('a span ends today and counts both its ends', () => {
  expect(spanDays(7, new Date(2026, 2, 3, 9).getTime())).toEqual({ from: '2026-02-25', to: '2026-03-03' })
})

test.each([
  ['nothing to answer', 0, 0, '–'],
  ['all in time', 4, 0, '100%'],
  ['nearly all is not all', 9999, 1, '99.9%'],
  ['half', 1, 1, '50%'],
  ['none', 0, 3, '0%'],
])('share of the answered: %s', (_name, answered, lapsed, want) => {
  expect(percent(answeredShare({ answered, lapsed }))).toBe(want)
})

describe('bars', () => {
  test('are days while they fit', () => {
    const bars = barsOf(days(30))
    expect(bars).toHaveLength(30)
    expect(bars[0]).toEqual({ key: '2026-01-01', from: '2026-01-01', to: '2026-01-01', filed: 2, answered: 1 })
  })

  test.each([[90, 13], [366, 27], [0, 0]])('of %i days are whole weeks but for the first', (n, want) => {
    const bars = barsOf(days(n))
    expect(bars).toHaveLength(want)
    expect(bars.reduce((sum, b) => sum + b.filed, 0)).toBe(2 * n)
    expect(new Set(bars.slice(1).map(b => b.filed)).size).toBeLessThan(2)
  })

  test('never show more answered than filed', () => {
    expect(barsOf([row({ key: '2026-01-01', filed: 1, answered: 3 })])[0]!.answered).toBe(1)
  })
})

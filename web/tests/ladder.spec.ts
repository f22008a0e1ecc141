import { describe, expect, it } from 'vitest'
import { atOnce, extraFits, fenOf, narrows, readExtra, stepFits, stepPlace, tidyHours, writeExtra } from '@/shared/rules/ladder'

describe('the escalation ladder on the clock', () => {
  it('stands between the complaint and the deadline', () => {
    expect(stepPlace({ after_minutes: 60 })).toBeCloseTo(100 / 48)
    expect(stepPlace({ hours_left: 12 })).toBe(75)
    expect(stepPlace({ hours_left: 72 })).toBe(0)
    expect(stepPlace({ after_minutes: 60 * 72 })).toBe(100)
  })
  it('wants one time and not two', () => {
    expect(stepFits({ after_minutes: 30 })).toBe(true)
    expect(stepFits({ hours_left: 3 })).toBe(true)
    expect(stepFits({ after_minutes: 30, hours_left: 3 })).toBe(false)
    expect(stepFits({})).toBe(false)
    expect(stepFits({ hours_left: 0 })).toBe(false)
    expect(stepFits({ hours_left: 1.5 })).toBe(false)
  })
  it('keeps hours once, most first', () => expect(tidyHours([1, 24, 6, 24, 0, 2.5])).toEqual([24, 6, 1]))
})

describe('amounts of a filter', () => {
  it('are typed in yuan and kept in fen', () => {
    expect(fenOf('')).toBeNull()
    expect(fenOf(' 168 ')).toBe(16_800)
    expect(fenOf('0.29')).toBe(29)
    expect(fenOf('1,000')).toBeNaN()
    expect(fenOf('-1')).toBeNaN()
  })
})

describe('the rest of a subscription', () => {
  it('comes back as it was kept', () => {
    const kept = { tags: ['直营'], types: [642], min_amount: 10_000, max_amount: null, fallback_channel_ids: ['c2'], group: false, quiet: { from: '23:00', to: '07:30' } }
    expect(writeExtra(readExtra(kept), false)).toEqual(kept)
  })
  it('uses a fallback channel only when the others fail, also for receivers by address', () => {
    expect(atOnce(['mail', 'sms', 'mail', 'robot'], ['sms'])).toEqual(['mail', 'robot'])
    expect(atOnce(['sms'], ['sms'])).toEqual([])
  })
  it('shows conditions that somebody set', () => {
    expect(narrows(readExtra(null))).toBe(false)
    for (const x of [{ min: '1' }, { tags: ['a'] }, { types: [1] }, { fallback: ['sms'] }, { quiet: true }, { group: false }]) expect(narrows({ ...readExtra(null), ...x })).toBe(true)
  })
  it('leaves out what a new one has not', () => expect(writeExtra(readExtra(null), true)).toEqual({ tags: [], types: [], fallback_channel_ids: [], group: true }))
  it('refuses a range that nothing fits in', () => {
    expect(extraFits({ ...readExtra(null), min: '10', max: '5' })).toBe(false)
    expect(extraFits({ ...readExtra(null), min: '十' })).toBe(false)
    expect(extraFits({ ...readExtra(null), min: '5', max: '10' })).toBe(true)
  })
})

import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE } from '@/shared/format/time'
import { countdown, stageStart } from '@/shared/rules/countdown'

const now = 1_773_000_000_000

describe('the form follows the time left', () => {
  test.each([
    [24 * HOUR + 1, 'calm'],
    [24 * HOUR, 'day'],
    [12 * HOUR + 1, 'day'],
    [12 * HOUR, 'soon'],
    [2 * HOUR + 1, 'soon'],
    [2 * HOUR, 'urgent'],
    [1, 'urgent'],
    [0, 'over'],
    [-3 * HOUR, 'over'],
  ])('%s ms left is %s', (left, form) => {
    expect(countdown(now + left, now).form).toBe(form)
  })

  test('no deadline is no countdown, and 0 is WeChat’s way to say so', () => {
    for (const due of [null, undefined, 0]) expect(countdown(due, now)).toEqual({ form: 'none', left: 0, share: 0 })
  })
})

describe('the pie shows what is left of the whole', () => {
  test('of the known span', () => {
    expect(countdown(now + 12 * HOUR, now, now - 12 * HOUR).share).toBe(50)
    expect(countdown(now + 48 * HOUR, now, now).share).toBe(100)
  })

  test('of 48 hours where the beginning is not known', () => {
    expect(countdown(now + 24 * HOUR, now).share).toBe(50)
  })

  test('never more than all of it, and a last sliver stays visible', () => {
    expect(countdown(now + 72 * HOUR, now).share).toBe(100)
    expect(countdown(now + MINUTE, now, now - 48 * HOUR).share).toBe(2)
  })

  test('a beginning after the end is not believed', () => {
    expect(countdown(now + 24 * HOUR, now, now + 30 * HOUR).share).toBe(50)
  })
})

test('only the first stage begins with the complaint itself', () => {
  expect(stageStart({ stage: 'to_respond', created_at: 5 })).toBe(5)
  expect(stageStart({ stage: 'to_prove', created_at: 5 })).toBeNull()
  expect(stageStart(undefined)).toBeNull()
})

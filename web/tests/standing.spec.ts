import { describe, expect, test } from 'vitest'
import { appealOf, floorOf, linePath, stepsOf } from '@/shared/rules/standing'

const change = (at: number, score: number, was: number | null = null) => ({ at, score, was })

describe('the line of a score', () => {
  test('is level until a change and until today', () => {
    const { steps, floor } = stepsOf([change(-50, 100), change(50, 80, 100)], 0, 100)
    expect(floor).toBe(60)
    expect(linePath(steps)).toBe('M0 0H50V50H100')
  })

  test('begins where the first score was read', () => {
    expect(linePath(stepsOf([change(25, 100)], 0, 100).steps)).toBe('M25 0H100')
  })

  test('is not drawn without a score', () => {
    expect(linePath([])).toBe('')
  })

  test.each([[[100], 60], [[86, 100], 60], [[60], 50], [[55], 50], [[3], 0], [[0], 0]])('of %j reaches down to %i', (scores, want) => {
    expect(floorOf(scores)).toBe(want)
  })
})

describe('what can be done about a deduction', () => {
  test.each([
    ['in the usual time', { status: 2, appeal_until: 20 }, 'open'],
    ['after it', { status: 2, appeal_until: 5 }, 'late'],
    ['when WeChat did not say when it was', { status: 2, appeal_until: null }, 'unknown'],
    ['under appeal', { status: 4 }, 'running'],
    ['rejected', { status: 5 }, 'rejected'],
    ['won', { status: 6 }, 'won'],
    ['a status nobody published', { status: 9 }, 'unknown'],
  ])('%s', (_name, p, want) => {
    expect(appealOf(p, 10)).toBe(want)
  })
})

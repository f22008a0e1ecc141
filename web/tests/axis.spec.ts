import { expect, it } from 'vitest'
import { axisTop } from '@/shared/rules/axis'

it('ends above the largest value, at a number whose half is whole', () => {
  for (const [values, top] of [[[], 2], [[0, 1], 2], [[3], 4], [[5, 9], 10], [[10], 10], [[11], 20], [[27], 40], [[41], 100], [[2600], 4000]] as const) {
    expect(axisTop(values)).toBe(top)
  }
})

import { describe, expect, test } from 'vitest'
import { gapKey, gapPath, mendsHere } from '@/shared/rules/gap'
import { daysFit } from '@/shared/rules/retention'

const item = { fix: 'program' as const, code: 'x', params: {}, program_id: null, complaint_id: null, complaint_order_id: null, delivery_id: null }
const all = () => true

describe('the way out of a gap', () => {
  test('leads to what it is about, the nearest first', () => {
    expect(gapPath({ ...item, complaint_id: 'c1', program_id: 'p1' }, all)).toBe('/complaints/c1')
    expect(gapPath({ ...item, delivery_id: 'd/1', program_id: 'p1' }, all)).toBe('/settings/deliveries?open=d%2F1')
    expect(gapPath({ ...item, program_id: 'p1' }, all)).toBe('/programs?open=p1')
  })
  test('leads to the platform only who may see it', () => {
    expect(gapPath({ ...item, fix: 'platform' }, all)).toBe('/settings/platform')
    expect(gapPath({ ...item, fix: 'platform' }, () => false)).toBeNull()
  })
  test('is at hand where no page is needed', () => {
    expect((['replay', 'import', 'sync', 'authorize', 'program', 'platform'] as const).filter(fix => mendsHere({ fix }))).toEqual(['replay', 'import', 'sync'])
  })
  test('two missing permissions of one program are two lines', () => {
    const of = (set: string) => gapKey({ ...item, params: { set }, kind: 'program', severity: 'error', text: '', hint: '', since: null, program_name: null })
    expect(of('76')).not.toBe(of('151'))
  })
})

test('days are none, or whole and within bounds', () => {
  expect([0, 30, 3650].every(d => daysFit(d, 30, 3650))).toBe(true)
  expect([29, 3651, 30.5, NaN, -1, ''].some(d => daysFit(d, 30, 3650))).toBe(false)
})

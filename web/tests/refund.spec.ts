import { describe, expect, test } from 'vitest'
import { amountFault, askAgain, byteLength, isSettled, needsApproval, owesRefund, parseYuan, reasonShown, refundMood, REFUND_STATES, shares, yuanText } from '@/shared/rules/refund'

describe('an amount as typed becomes fen', () => {
  test.each([
    ['300', 30000], ['300.', 30000], ['300.5', 30050], ['300.50', 30050], ['0.01', 1], ['0.1', 10], ['1,299.00', 129900], ['¥300.00', 30000], [' 300 ', 30000],
    ['300元', 30000], ['３００．５０', 30050], ['300。5', 30050], ['007', 700], ['0', 0],
  ])('%s is %i', (text, fen) => expect(parseYuan(text)).toBe(fen))

  test.each(['', '.', '.5', '-1', '+1', '1e3', '1.234', '12,34', '1,2345', '1.2.3', '三百', 'NaN', '0x10', '999999999999'])('%j is not an amount', (text) => {
    expect(parseYuan(text)).toBeNull()
  })

  test('no amount of an order is a fen off, where floats are', () => {
    expect(0.29 * 100).not.toBe(29)
    for (let fen = 0; fen < 200_000; fen += 7) expect(parseYuan(yuanText(fen))).toBe(fen)
    expect(parseYuan('123456.78')).toBe(12345678)
    expect(parseYuan('1.15')).toBe(115)
    expect(parseYuan('99999999999.99')).toBe(9999999999999)
  })

  test('and fen becomes what the field holds', () => {
    expect([1, 10, 100, 30000, 12345678].map(yuanText)).toEqual(['0.01', '0.10', '1.00', '300.00', '123456.78'])
  })
})

describe('an amount is refused in words', () => {
  const limits = { remaining: 109_900, limit: 50_000 }
  test.each([['', 'empty'], ['abc', 'format'], ['0', 'zero'], ['0.00', 'zero'], ['1099.01', 'over'], ['1099.00', 'limit'], ['500.01', 'limit'], ['500', null]])('%j: %s', (text, fault) => {
    expect(amountFault(text, limits)).toBe(fault)
  })
  test('what is not known does not refuse', () => {
    expect(amountFault('99999', { remaining: null, limit: null })).toBeNull()
  })
  test('a limit of nothing refuses everything', () => {
    expect(amountFault('0.01', { remaining: 100, limit: 0 })).toBe('limit')
  })
})

describe('the reason is counted in bytes', () => {
  test('as WeChat Pay counts them', () => {
    expect(byteLength('abc')).toBe(3)
    expect(byteLength('退款')).toBe(6)
    expect(byteLength('物流延误补偿，已与用户协商一致')).toBe(45)
    expect(byteLength('👍')).toBe(4)
  })
  test('a small part of an order shows none to the payer', () => {
    expect(reasonShown(100, 1000, 0)).toBe(false)
    expect(reasonShown(101, 1000, 0)).toBe(true)
    expect(reasonShown(50, 50, 0)).toBe(true)
    expect(reasonShown(50, 50, 950)).toBe(false)
  })
})

describe('a second person decides', () => {
  test.each([[100_001, 100_000, true], [100_000, 100_000, false], [1, 0, true], [1_000_000, null, false]])('about %i above %s: %s', (amount, above, wanted) => {
    expect(needsApproval(amount, above)).toBe(wanted)
  })
})

describe('the bar', () => {
  test('moves with the amount', () => {
    expect(shares(1000, 200, 300)).toEqual({ before: 20, now: 30, left: 50 })
    expect(shares(1000, 200, null)).toEqual({ before: 20, now: 0, left: 80 })
  })
  test('never runs over its end', () => {
    expect(shares(1000, 200, 5000)).toEqual({ before: 20, now: 80, left: 0 })
    expect(shares(1000, 2000, 1)).toEqual({ before: 100, now: 0, left: 0 })
    expect(shares(null, null, 100)).toEqual({ before: 0, now: 0, left: 100 })
  })
})

describe('states', () => {
  test('only what is settled is no longer asked about', () => {
    for (const s of REFUND_STATES) expect(askAgain(s) === false, s).toBe(isSettled(s))
  })
  test('an unclear outcome is never called failed', () => {
    expect(refundMood('unknown')).toBe('moving')
    expect(refundMood('processing')).toBe('moving')
    expect(refundMood('something new')).toBe('moving')
  })
  test('abnormal and parked wait for somebody', () => {
    expect([refundMood('abnormal'), refundMood('parked')]).toEqual(['stuck', 'stuck'])
  })
})

describe('after agreeing the refund is offered', () => {
  test('while anything is left and nothing is on its way', () => {
    expect(owesRefund({ amount: 100, refund_remaining: 100, refunds: [] })).toBe(true)
    expect(owesRefund({ amount: 100, refund_remaining: 60, refunds: [{ state: 'done' }, { state: 'closed' }] })).toBe(true)
    expect(owesRefund({ amount: 100, refund_remaining: 0, refunds: [] })).toBe(false)
    expect(owesRefund({ amount: 100, refund_remaining: 50, refunds: [{ state: 'unknown' }] })).toBe(false)
    expect(owesRefund({ amount: null, refund_remaining: null })).toBe(false)
    expect(owesRefund(undefined)).toBe(false)
  })
  test('also while nobody said how much was refunded elsewhere: the form asks for it', () => {
    expect(owesRefund({ amount: 100, refund_remaining: null, refunds: [] })).toBe(true)
  })
})

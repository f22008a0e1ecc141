import { describe, expect, test, vi } from 'vitest'
import type { RuleInput } from '@/shared/api/types'
import { draftOf, modeOf, nextStep, ruleOf, sentence, type Names } from '@/shared/rules/rule'

const names: Names = { program: id => `P${id}`, type: n => `T${n}`, template: id => `M${id}`, money: n => `¥${n}`, day: ms => `D${ms}`, join: '+' }
const rule: RuleInput = {
  name: '充电宝', program_ids: ['1'], types: [662], amount_max: 3000, first_in_days: 30, wait_minutes: 10, valid_from: null, valid_to: null, decision: 'agree', template_id: 'a', content: null,
  refund: 'full', refund_amount: null, max_amount_per_case: 3000, max_cases_per_day: 50, max_amount_per_day: 100000,
}
const said = (r: RuleInput) => sentence(r, names).map(p => p.key.replace('rule.say.', '') + (p.params ? JSON.stringify(p.params) : ''))

describe('a rule reads as a sentence', () => {
  test('with every condition and what is done', () => {
    expect(said(rule)).toEqual([
      'when', 'names{"list":"P1"}', 'gets', 'names{"list":"T662"}', 'complaint', 'upTo{"amount":"¥3000"}', 'and', 'first{"n":30}', 'after', 'minutes{"n":10}', 'nobody',
      'then', 'agree', 'withTemplate', 'template{"name":"Ma"}', 'also', 'full', 'end',
    ])
  })

  test('and says nothing of what it does not have', () => {
    expect(said({ ...rule, program_ids: [], first_in_days: null, wait_minutes: 0, template_id: null, content: '好', refund: 'none' })).toEqual([
      'when', 'anyProgram', 'gets', 'names{"list":"T662"}', 'complaint', 'upTo{"amount":"¥3000"}', 'then', 'agree', 'withText', 'ownText', 'end',
    ])
  })

  test('names the last day that counts', () => {
    expect(said({ ...rule, valid_from: 5, valid_to: 11 })).toContain('between{"from":"D5","to":"D10"}')
  })

  test('cuts long lists', () => {
    expect(said({ ...rule, types: [611, 612, 613] })).toContain('some{"list":"T611+T612","n":3}')
  })
})

describe('the next step', () => {
  const r = { state: 'draft' as const, version: 2, replayed_version: null as number | null, editable: true, valid_to: null }
  test.each([
    ['is to replay a version nobody has seen', r, 'replay'],
    ['is to replay again after an edit', { ...r, replayed_version: 1 }, 'replay'],
    ['is to enable what was replayed', { ...r, replayed_version: 2 }, 'enable'],
    ['is none for a rule that runs', { ...r, state: 'active' as const, replayed_version: 2 }, null],
    ['is none after its time', { ...r, replayed_version: 2, valid_to: 9 }, null],
    ['is none for somebody who may only look', { ...r, editable: false }, null],
  ])('%s', (_name, x, want) => {
    expect(nextStep(x, 10)).toBe(want)
  })

  test('a rule whose time is over is over, whatever else it is', () => {
    expect(modeOf({ state: 'active', valid_to: 10 }, 10)).toBe('over')
    expect(modeOf({ state: 'paused', valid_to: 11 }, 10)).toBe('paused')
  })
})

describe('a draft', () => {
  test('comes back as the rule it was made of', () => {
    expect(ruleOf(draftOf(rule))).toEqual({ body: rule, wrong: [] })
  })

  test('that refuses refunds nothing', () => {
    const { body } = ruleOf({ ...draftOf(rule), decision: 'refuse' })
    expect(body).toMatchObject({ refund: 'none', max_amount_per_case: null, max_amount_per_day: null, refund_amount: null })
  })

  test('ends with its last day', () => {
    const { body } = ruleOf({ ...draftOf(rule), from: '2026-02-01', to: '2026-02-25' })
    expect(draftOf(body).to).toBe('2026-02-25')
  })

  test.each(['America/New_York', 'Asia/Shanghai', 'Pacific/Auckland'])('means days in Beijing, also with a browser in %s', (zone) => {
    vi.stubEnv('TZ', zone)
    const { body } = ruleOf({ ...draftOf(rule), from: '2026-02-01', to: '2026-02-25' })
    expect(body).toMatchObject({ valid_from: Date.UTC(2026, 0, 31, 16), valid_to: Date.UTC(2026, 1, 25, 16) })
    expect(draftOf(body)).toMatchObject({ from: '2026-02-01', to: '2026-02-25' })
    vi.unstubAllEnvs()
  })

  test.each([
    ['no name', { name: ' ' }, 'name'], ['no problem', { types: [] }, 'types'], ['no amount', { amountMax: '' }, 'amountMax'], ['nothing to pay', { amountMax: '0' }, 'amountMax'], ['no words', { template: '', content: ' ' }, 'content'],
    ['a day that does not end', { casesPerDay: '0' }, 'casesPerDay'], ['too long a wait', { wait: '1441' }, 'wait'], ['no limit for money', { perDay: '' }, 'perDay'], ['a period that ends before it begins', { from: '2026-02-02', to: '2026-02-01' }, 'to'],
    ['a fixed refund of nothing', { refund: 'fixed' as const }, 'refundAmount'], ['half a day', { first: '0.5' }, 'first'],
  ])('with %s is not sent', (_name, part, field) => {
    const made = ruleOf({ ...draftOf(rule), ...part })
    expect(made.body).toBeUndefined()
    expect(made.wrong).toEqual([field])
  })
})

import { describe, expect, test } from 'vitest'
import { composerState, stepKey } from '@/shared/rules/answer'

const at = (stage: string, legal: string[] = [], actions: { id: string, kind: string, state: string }[] = []) => ({ stage, legal_actions: legal, actions })

describe('what the place below a case shows', () => {
  test('the form when answering is legal and one may', () => {
    expect(composerState(at('to_respond', ['respond', 'refund']), true)).toEqual({ is: 'open', kinds: ['respond'] })
  })

  test('never the form without the right to act', () => {
    expect(composerState(at('to_respond', ['respond']), false)).toEqual({ is: 'closed', why: { key: 'closed.noRight' } })
  })

  test('never the form on the stage alone: only legal_actions count', () => {
    expect(composerState(at('to_respond', []), true)).toEqual({ is: 'closed', why: { key: 'closed.to_respond' } })
  })

  test.each(['queued', 'running', 'unknown'])('no second answer while one is %s', (state) => {
    const c = at('to_respond', ['respond'], [{ id: 'a1', kind: 'respond', state }])
    expect(composerState(c, true)).toEqual({ is: 'sending', actionId: 'a1', kind: 'respond' })
  })

  test.each(['done', 'failed'])('an answer that is %s does not stand in the way', (state) => {
    expect(composerState(at('to_respond', ['respond'], [{ id: 'a1', kind: 'respond', state }]), true).is).toBe('open')
  })

  test.each(['supplement', 'refund_proof', 'appeal'])('%s has its form', (kind) => {
    expect(composerState(at('to_supplement', [kind]), true)).toEqual({ is: 'open', kinds: [kind] })
  })

  test('two things that may be done are both offered, the pressing one first', () => {
    expect(composerState(at('to_prove', ['appeal', 'refund_proof']), true)).toEqual({ is: 'open', kinds: ['refund_proof', 'appeal'] })
  })

  test.each([
    ['waiting_user', 'closed.waiting_user'],
    ['platform', 'closed.platform'],
    ['to_prove', 'closed.to_prove'],
    ['closed', 'closed.closed'],
    ['something WeChat invents tomorrow', 'closed.unknown'],
  ])('%s says why not', (stage, key) => {
    expect(composerState(at(stage), true)).toEqual({ is: 'closed', why: { key } })
  })

  test('missing lists are nothing legal, not a crash', () => {
    expect(composerState({ stage: 'platform', legal_actions: null, actions: null }, true).is).toBe('closed')
  })
})

describe('the sentence under the clock', () => {
  test.each([
    ['to_respond', true, false, 'step.to_respond.due'],
    ['to_respond', true, true, 'step.to_respond.over'],
    ['to_respond', false, false, 'step.to_respond.open'],
    ['platform', true, false, 'step.platform'],
    ['closed', false, false, 'step.closed'],
    ['unknown', false, false, 'step.unknown'],
    ['never heard of', true, true, 'step.unknown'],
  ])('%s, deadline %s, passed %s', (stage, deadline, passed, key) => {
    expect(stepKey(stage, deadline, passed)).toBe(key)
  })

  test.each([
    ['waiting_user', ['appeal', 'refund'], 'step.may.appeal'],
    ['waiting_user', ['refund_proof', 'appeal'], 'step.may.refund_proof'],
    ['platform', ['refund'], 'step.platform'],
    ['to_prove', ['refund_proof', 'appeal'], 'step.to_prove.due'],
  ])('%s with %s does not say that there is nothing to do', (stage, legal, key) => {
    expect(stepKey(stage, true, false, legal)).toBe(key)
  })
})

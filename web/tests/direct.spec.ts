import { describe, expect, it } from 'vitest'
import { directChecks, fresh } from '@/shared/rules/direct'
import { needsHelp } from '@/shared/rules/program'

describe('a Token or Key', () => {
  it('has the length asked for, letters and digits only, and is another each time', () => {
    for (const n of [24, 43]) expect(fresh(n)).toMatch(new RegExp(`^[0-9A-Za-z]{${n}}$`))
    expect(fresh(43)).not.toBe(fresh(43))
  })
})

describe('the live check of own credentials', () => {
  const none = { url_checked_at: null, last_push_at: null, refused_at: null, refusal: null }
  const states = (p: Parameters<typeof directChecks>[0]) => directChecks(p).map(c => c.state)

  it('waits for everything at first', () => expect(states({ direct: none })).toEqual(['waiting', 'waiting', 'waiting']))
  it('takes a push as proof of the address', () => expect(states({ info_synced_at: 1, direct: { ...none, last_push_at: 5 } })).toEqual(['ok', 'ok', 'ok']))
  it('says what WeChat says of the AppSecret', () => {
    expect(directChecks({ last_error: '微信认为 AppSecret 不对', info_synced_at: 1, direct: none })[0]).toMatchObject({ state: 'failed', text: '微信认为 AppSecret 不对' })
  })
  it('says why a push was refused', () => {
    expect(directChecks({ direct: { ...none, last_push_at: 1, refused_at: 2, refusal: '加密方式比这里设置的弱' } })[2]).toMatchObject({ state: 'failed', text: '加密方式比这里设置的弱' })
  })
})

it('a program whose own AppSecret does not work needs help, one of the platform with an old error does not', () => {
  expect(needsHelp({ state: 'active', mode: 'direct', last_error: 'AppSecret 不正确', missing: [] })).toBe(true)
  expect(needsHelp({ state: 'active', mode: 'direct', last_error: null, missing: [] })).toBe(false)
  expect(needsHelp({ state: 'disabled', mode: 'direct', last_error: 'AppSecret 不正确', missing: [] })).toBe(false)
  expect(needsHelp({ state: 'active', mode: 'platform', last_error: '旧的', missing: [] })).toBe(false)
})

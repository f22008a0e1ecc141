import { describe, expect, test } from 'vitest'
import { problemOf } from '@/shared/api/problem'
import { faceAt, faceOf } from '@/shared/face'
import { safeNext } from '@/shared/router'
import { blocking } from '@/shared/rules/connect'
import { healthPath } from '@/shared/rules/health'
import { accountFault, factsFor, guessFact, placesIn, randomLetters, readAccount, readSms, smsFault, withoutEmptySecrets } from '@/shared/rules/account'
import { addressFits } from '@/shared/rules/address'
import { isAddress, mailFault, presetOf, readMail, writeMail } from '@/shared/rules/mail'
import { may } from '@/shared/rules/permission'
import { byNeed, inGroup, needsHelp } from '@/shared/rules/program'

describe('programs', () => {
  const required = [{ required: true }]
  test('needs help when a required permission is missing or the authorisation is gone', () => {
    expect(needsHelp({ state: 'active', missing: required })).toBe(true)
    expect(needsHelp({ state: 'revoked', missing: [] })).toBe(true)
    expect(needsHelp({ state: 'active', missing: [{ required: false }] })).toBe(false)
    expect(needsHelp({ state: 'active', missing: null })).toBe(false)
  })

  test('disabled on purpose is not broken', () => {
    expect(needsHelp({ state: 'disabled', missing: required })).toBe(false)
    expect(inGroup({ state: 'disabled', missing: required }, 'broken')).toBe(false)
    expect(inGroup({ state: 'disabled', missing: [] }, 'healthy')).toBe(false)
    expect(inGroup({ state: 'disabled', missing: [] }, 'disabled')).toBe(true)
  })

  test('broken ones come first, disabled ones last', () => {
    const list = [
      { name: 'c', state: 'disabled', missing: [] },
      { name: 'b', state: 'active', missing: [] },
      { name: 'a', state: 'active', missing: required },
    ]
    expect(list.sort(byNeed).map(p => p.name)).toEqual(['a', 'b', 'c'])
  })
})

describe('the way to the first program', () => {
  const c = (id: string, state: string) => ({ id, state, text: id })
  test('is free when all but the checks of afterwards are green', () => {
    expect(blocking([c('settings', 'ok'), c('ticket', 'ok'), c('token', 'ok'), c('messages', 'waiting')])).toBeNull()
  })
  test('a failure is named before what only waits', () => {
    expect(blocking([c('ticket', 'waiting'), c('token', 'failed')])?.id).toBe('token')
    expect(blocking([c('settings', 'ok'), c('ticket', 'waiting')])?.id).toBe('ticket')
  })
})

describe('mail', () => {
  const full = { host: 'smtp.163.com', port: 465, security: 'tls' as const, username: 'a@163.com', password: 'x', from_name: '' }
  test('presets are recognised by their host', () => {
    expect(presetOf('smtp.163.com')).toBe('163')
    expect(presetOf('smtp.exmail.qq.com')).toBe('exmail')
    expect(presetOf('mail.example.com')).toBe('custom')
    expect(presetOf(undefined)).toBe('custom')
  })
  test.each([
    [{}, false, null],
    [{ host: '' }, false, 'host'],
    [{ host: 'http://x' }, false, 'host'],
    [{ port: 0 }, false, 'port'],
    [{ port: 70000 }, false, 'port'],
    [{ username: ' ' }, false, 'username'],
    [{ password: '' }, false, 'password'],
    [{ password: '' }, true, null],
    [{ security: 'none' as const, username: '', password: '' }, false, null],
  ])('%o with a kept password %s lacks %s', (part, kept, lack) => {
    expect(mailFault({ ...full, ...part }, kept)).toBe(lack)
  })
  test('an empty password is not sent, so the stored one stays', () => {
    expect(writeMail({ ...full, password: '' })).not.toHaveProperty('password')
    expect(writeMail(full)).toHaveProperty('password', 'x')
  })
  test('settings of any shape are read without surprise', () => {
    expect(readMail({ port: '465', security: 'rot13', host: 5 })).toEqual({ host: '', port: 465, security: 'tls', username: '', password: '', from_name: '' })
    expect(readMail(null).password).toBe('')
  })
  test.each([['a@b.cn', true], ['a@b', false], ['a b@c.cn', false], ['', false], ['a@b.cn, c@d.cn', false]])('%s is an address: %s', (text, is) => {
    expect(isAddress(text)).toBe(is)
  })
})

describe('after signing in one only goes to an address of our own', () => {
  test.each([
    ['/complaints/1?view=all', '/complaints/1?view=all'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example', '/'],
    ['/login?next=/x', '/'],
    [undefined, '/'],
    [['/a', '/b'], '/'],
  ])('%o leads to %s', (next, path) => {
    expect(safeNext(next)).toBe(path)
  })
})

describe('refusals of the server', () => {
  const answer = (status: number, headers: Record<string, string> = {}) => new Response(null, { status, headers })
  test('keep their code and sentence', () => {
    const p = problemOf(answer(409), { code: 'not_legal_now', detail: '该投诉单已进入下一环节', when: '平台要求时' })
    expect([p.status, p.code, p.detail, p.when]).toEqual([409, 'not_legal_now', '该投诉单已进入下一环节', '平台要求时'])
  })
  test('a proxy’s page is never shown as a sentence', () => {
    const p = problemOf(answer(502), '<html>bad gateway</html>')
    expect([p.code, p.detail]).toEqual(['upstream', ''])
    expect(problemOf(answer(500), undefined).code).toBe('internal')
  })
  test('say how long to wait', () => {
    expect(problemOf(answer(429, { 'Retry-After': '30' }), {}).retryAfter).toBe(30)
    expect(problemOf(answer(429, { 'Retry-After': 'soon' }), {}).retryAfter).toBeNull()
  })
})

test('rights come from the server’s list and from nowhere else', () => {
  expect(may({ permissions: ['cases_act'] }, 'cases_act')).toBe(true)
  expect(may({ permissions: ['cases_read'] }, 'cases_act')).toBe(false)
  expect(may({ permissions: null }, 'cases_act')).toBe(false)
  expect(may(null, 'cases_act')).toBe(false)
})

test('health leads to a page that exists, or nowhere', () => {
  expect(healthPath({ link: 'programs', program_id: 'p/1' })).toBe('/programs?open=p%2F1')
  expect(healthPath({ link: 'platform', program_id: null })).toBe('/settings/platform')
  expect(healthPath({ link: 'deliveries', program_id: null })).toBeNull()
})

test.each([
  [1440, 'Mozilla/5.0 (Macintosh)', 'desk'],
  [768, 'Mozilla/5.0 (X11; Linux)', 'desk'],
  [767, 'Mozilla/5.0 (X11; Linux)', 'phone'],
  [844, 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0', 'phone'],
  [1024, 'Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X)', 'desk'],
])('%s px wide and %s is a %s', (width, agent, face) => {
  expect(faceOf(width, agent)).toBe(face)
})

test.each([
  ['/complaints', 'phone'], ['/c/abc', 'phone'], ['/settings', 'desk'], ['/settings/members', 'desk'], ['/rules/r1', 'desk'], ['/standing', 'desk'], ['/reports', 'desk'],
  ['/notices/subscriptions', 'desk'], ['/notices/log', 'phone'], ['/notices/channels', 'phone'], ['/notices/channels/edit', 'desk'], ['/settingsx', 'phone'], ['/more', 'phone'],
] as const)('on a phone %s is a page of the %s', (path, face) => {
  expect(faceAt(path, 390, 'iPhone')).toBe(face)
})

test('a link of a message is a page for a phone everywhere, and a desk has no pages of a phone', () => {
  expect([faceAt('/c/abc', 1440, ''), faceAt('/complaints', 1440, ''), faceAt('/settings', 1440, '')]).toEqual(['phone', 'desk', 'desk'])
})

describe('channels with templates', () => {
  const account = { ...readAccount({ appid: 'wx1234567890abcdef', template_id: 'T', fields: { thing1: 'problem' } }), secret: 's' }

  test('an official account needs who it is, a template and every place', () => {
    expect(accountFault(account, [])).toBeNull()
    expect(accountFault({ ...account, secret: '' }, [])).toBe('secret')
    expect(accountFault({ ...account, secret: '' }, ['secret'])).toBeNull()
    expect(accountFault({ ...account, appid: 'gh_1' }, [])).toBe('appid')
    expect(accountFault({ ...account, fields: { thing1: '' } }, [])).toBe('fields')
    expect(accountFault({ ...account, token: 'abc' }, [])).toBe('aesKey')
    expect(accountFault({ ...account, token: 'abc', push_mode: 'plain' }, [])).toBeNull()
  })

  test('text messages need as many facts as the text has places', () => {
    const sms = { ...readSms({ secret_id: 'AKID', sdk_app_id: '1400006666', sign_name: '茶铺', template_id: '1110', template_text: '尾号{1}，剩{2}小时' }), secret_key: 'k' }
    expect(smsFault(sms, [])).toBeNull()
    expect(smsFault({ ...sms, params: ['order_tail'] }, [])).toBe('params')
    expect(smsFault({ ...sms, params: ['order_tail', ''] }, [])).toBe('params')
    expect(smsFault({ ...sms, secret_key: '' }, ['secret_key'])).toBeNull()
    expect(placesIn('{1}、{ 2 }、{1}')).toBe(2)
  })

  test('a place takes facts of its type; never a link', () => {
    const names = ['event', 'due', 'created', 'amount', 'link']
    expect(factsFor('time', names)).toEqual(['due', 'created'])
    expect(factsFor('thing', names)).not.toContain('link')
    expect(factsFor('const', names)).toEqual([])
    expect(guessFact('time', '截止时间')).toBe('due')
    expect(guessFact('character_string', '工单号')).toBe('order_no')
  })

  test('empty secrets stay at home', () => {
    expect(withoutEmptySecrets({ appid: 'wx', secret: '', sign_name: '' }, ['secret'])).toEqual({ appid: 'wx', sign_name: '' })
  })

  test('random letters are as long as asked for', () => {
    expect(randomLetters(43)).toMatch(/^[A-Za-z0-9]{43}$/)
    expect(randomLetters(43)).not.toBe(randomLetters(43))
  })

  test('addresses are those of the kind', () => {
    expect(addressFits('email', 'a@b.cn')).toBe(true)
    expect(addressFits('email', '13800138000')).toBe(false)
    expect(addressFits('sms', '+86 138-0013-8000')).toBe(true)
    expect(addressFits('sms', '张三')).toBe(false)
    expect(addressFits('offiaccount', 'oABCDEFGHIJKLMNOPQRSTUVWXYZ12')).toBe(true)
    expect(addressFits('offiaccount', '')).toBe(false)
    expect(addressFits('wecom', '')).toBe(true)
  })
})

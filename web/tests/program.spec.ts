import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ElSelect } from 'element-plus/es/components/select/index.mjs'
import type { Component } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import ProgramCare from '@/desk/programs/ProgramCare.vue'
import ProgramHeard from '@/desk/programs/ProgramHeard.vue'
import ProgramRules from '@/desk/programs/ProgramRules.vue'
import ProgramRenew from '@/desk/programs/ProgramRenew.vue'
import type { Program } from '@/shared/api/types'
import { i18n, useLocale } from '@/shared/i18n'
import { concerns, moveOf } from '@/shared/rules/program'

interface Call { method: string, path: string, body: unknown }

const program = (part: Partial<Program> = {}) => ({ id: 'p1', name: '满山茶铺', appid: 'wx1', owner_id: null, tags: [], ...part }) as unknown as Program
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })

let calls: Call[]
let permissions: string[]
let authorise: () => Response
let answers: Record<string, unknown>

beforeEach(async () => {
  await useLocale('zh-CN', 'desk')
  calls = []
  permissions = ['programs']
  answers = {}
  authorise = () => json({ url: `https://zhisu.example/authorize/${calls.length}` }, 201)
  vi.stubGlobal('fetch', async (request: Request) => {
    const path = new URL(request.url).pathname.replace('/api/v1', '')
    const text = request.method === 'GET' ? '' : await request.clone().text()
    calls.push({ method: request.method, path, body: text ? JSON.parse(text) : null })
    if (path in answers) return json(answers[path])
    if (path === '/me') return json({ id: 'u1', name: '周敏', permissions })
    if (path === '/assignees') return json({ items: [{ id: 'u1', name: '周敏' }, { id: 'u2', name: '陈安' }] })
    if (path === '/programs/authorizations') return authorise()
    if (path === '/programs') return json({ items: [program({ tags: ['华东'] })] })
    return json(program())
  })
})
afterEach(() => vi.unstubAllGlobals())

async function show(component: Component, of: Program) {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component }] })
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const page = mount(component, { props: { program: of }, global: { plugins: [i18n, router, [VueQueryPlugin, { queryClient: client }]] }, attachTo: document.body })
  await flushPromises()
  return page
}
const sent = (method: string) => calls.filter(c => c.method === method).map(c => [c.path, c.body])

describe('the code that renews an authorisation', () => {
  test('is not made before somebody asks, and then for this program', async () => {
    const page = await show(ProgramRenew, program())
    expect(page.find('[data-testid=qr]').exists()).toBe(false)
    expect(sent('POST')).toEqual([])
    await page.get('[data-testid=program-qr]').trigger('click')
    await vi.waitFor(() => expect(page.find('[data-testid=qr]').exists()).toBe(true))
    expect(sent('POST')).toEqual([['/programs/authorizations', { program_id: 'p1' }]])
  })

  test('is another one when it is made anew, since one lives some minutes only', async () => {
    const page = await show(ProgramRenew, program())
    const drawn = async () => {
      await page.get('[data-testid=program-qr]').trigger('click')
      await flushPromises()
      return vi.waitFor(() => page.get('[data-testid=qr] .ink').attributes('d'))
    }
    const first = await drawn()
    await vi.waitFor(async () => expect(await drawn()).not.toBe(first))
  })

  test('is not there when it can’t be made; the sentence says why', async () => {
    authorise = () => json({ status: 409, code: 'conflict', detail: '第三方平台还没有连通微信' }, 409)
    const page = await show(ProgramRenew, program())
    await page.get('[data-testid=program-qr]').trigger('click')
    await vi.waitFor(() => expect(page.get('[role=alert]').text()).toContain('第三方平台还没有连通微信'))
    expect(page.find('[data-testid=qr]').exists()).toBe(false)
  })
})

describe('who has a program’s new complaints', () => {
  test('is chosen among those who can answer, or is nobody', async () => {
    const page = await show(ProgramCare, program())
    const select = page.get('[data-testid=program-owner]')
    expect(select.findAll('option').map(o => o.text())).toEqual(['没有负责人', '周敏', '陈安'])
    await select.setValue('u2')
    await flushPromises()
    await select.setValue('')
    await flushPromises()
    expect(sent('PATCH')).toEqual([['/programs/p1', { owner_id: 'u2' }], ['/programs/p1', { owner_id: '' }]])
  })

  test('is shown, not offered, to whoever may not change programs', async () => {
    permissions = ['cases_read']
    const page = await show(ProgramCare, program({ owner_id: 'u2', tags: ['华东', '茶'] }))
    expect(page.get('[data-testid=program-owner]').attributes('disabled')).toBeDefined()
    expect(page.find('[data-testid=program-tags]').exists()).toBe(false)
    expect(page.text()).toContain('华东、茶')
    expect(calls.some(c => c.path === '/assignees')).toBe(false)
  })
})

describe('the tags of a program', () => {
  test('are sent whole, without spaces and doubles, and nothing else with them', async () => {
    const page = await show(ProgramCare, program({ tags: ['华东'] }))
    page.getComponent(ElSelect).vm.$emit('update:modelValue', ['华东', ' 茶 ', '茶', ' '])
    await flushPromises()
    expect(sent('PATCH')).toEqual([['/programs/p1', { tags: ['华东', '茶'] }]])
  })
})

describe('what concerns a program', () => {
  test.each([
    ['all of them', {}, true],
    ['this one', { program_ids: ['p1', 'p2'] }, true],
    ['another', { program_ids: ['p2'] }, false],
    ['its tag', { tags: ['华东', '华南'] }, true],
    ['another tag', { tags: ['华南'] }, false],
    ['another with its tag', { program_ids: ['p2'], tags: ['华东'] }, false],
  ])('%s', (_, narrowed, expected) => {
    expect(concerns(narrowed, { id: 'p1', tags: ['华东'] })).toBe(expected)
  })

  test('a score that nothing can be compared with has not moved, nor stood still', () => {
    expect([null, undefined, 0, -4, 2].map(score_change => moveOf({ score_change }))).toEqual([null, null, { kind: 'flat', n: 0 }, { kind: 'down', n: 4 }, { kind: 'up', n: 2 }])
  })
})

describe('who hears of a program', () => {
  const heard = { id: 's1', enabled: true, program_ids: [], tags: [], events: ['complaint.new'], receivers: [{ channel_id: 'c1', address: 'a@b.cn' }] }
  const list = (...items: unknown[]) => { answers = { '/subscriptions': { items }, '/channels': { items: [{ id: 'c1', kind: 'email', name: '邮箱' }] }, '/members': { items: [] } } }

  test('is listed with the channel, without those of other programs', async () => {
    list(heard, { ...heard, id: 's2', program_ids: ['p2'], receivers: [{ channel_id: 'c1', address: 'other@b.cn' }] })
    const page = await show(ProgramHeard, program())
    expect(page.text()).toContain('a@b.cn 邮箱')
    expect(page.text()).not.toContain('other@b.cn')
    expect(page.text()).not.toContain('没有人会收到通知')
  })

  test.each([
    ['only of other events', { events: ['refund.done'] }],
    ['but is switched off', { enabled: false }],
    ['of another program', { program_ids: ['p2'] }],
    ['without a receiver', { receivers: [] }],
  ])('nobody hears of a new complaint when somebody hears %s', async (_, change) => {
    list({ ...heard, ...change })
    const page = await show(ProgramHeard, program())
    expect(page.text()).toContain('这个小程序有新投诉时，没有人会收到通知')
  })
})

describe('the rules of a program', () => {
  const rule = { id: 'r1', name: '延迟发货', state: 'active', program_ids: [], types: [611], amount_max: 20000, decision: 'agree', refund: 'none', max_cases_per_day: 5, today: { cases: 0, amount: 0 } }

  test('are those that may act on it; those that pay back stand apart', async () => {
    answers = { '/rules': { items: [rule, { ...rule, id: 'r2', name: '全额退', refund: 'full' }, { ...rule, id: 'r3', name: '别家的', program_ids: ['p2'] }], stopped: null }, '/templates': { items: [] } }
    const all = await show(ProgramRules, program())
    expect(all.findAll('[data-testid=rule-item] b').map(x => x.text())).toEqual(['延迟发货', '全额退'])
    const paying = mount(ProgramRules, { props: { program: program(), money: true }, global: { plugins: [i18n, createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: ProgramRules }] }), [VueQueryPlugin, { queryClient: new QueryClient() }]] } })
    await flushPromises()
    expect(paying.findAll('[data-testid=rule-item] b').map(x => x.text())).toEqual(['全额退'])
  })

  test('say when everything automatic is stopped, and when there is none', async () => {
    answers = { '/rules': { items: [rule], stopped: { at: Date.now(), by: '周敏' } }, '/templates': { items: [] } }
    expect((await show(ProgramRules, program())).text()).toContain('所有投诉由人处理')
    answers = { '/rules': { items: [], stopped: null }, '/templates': { items: [] } }
    expect((await show(ProgramRules, program())).text()).toContain('没有规则用于这个小程序')
  })
})

import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ElSelect } from 'element-plus/es/components/select/index.mjs'
import type { Component } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import ProgramCare from '@/desk/programs/ProgramCare.vue'
import ProgramRenew from '@/desk/programs/ProgramRenew.vue'
import type { Program } from '@/shared/api/types'
import { i18n, useLocale } from '@/shared/i18n'

interface Call { method: string, path: string, body: unknown }

const program = (part: Partial<Program> = {}) => ({ id: 'p1', name: '满山茶铺', appid: 'wx1', owner_id: null, tags: [], ...part }) as unknown as Program
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })

let calls: Call[]
let permissions: string[]
let authorise: () => Response

beforeEach(async () => {
  await useLocale('zh-CN', 'desk')
  calls = []
  permissions = ['programs']
  authorise = () => json({ url: `https://zhisu.example/authorize/${calls.length}` }, 201)
  vi.stubGlobal('fetch', async (request: Request) => {
    const path = new URL(request.url).pathname.replace('/api/v1', '')
    const text = request.method === 'GET' ? '' : await request.clone().text()
    calls.push({ method: request.method, path, body: text ? JSON.parse(text) : null })
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

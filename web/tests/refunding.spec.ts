import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { defineComponent } from 'vue'
import { useRefund } from '@/shared/composables/useRefund'
import { i18n } from '@/shared/i18n'

interface Call { method: string, path: string, key: string | null, body: unknown }

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
const base = { order_total: 129_900, refunded: 20_000, refunding: 0, remaining: 109_900, blocked: null, approval_above: 100_000, limit: null, refunds: [] }

let calls: Call[]
let options: Record<string, unknown>
let make: () => Response | Promise<Response>
let state: string

beforeEach(() => {
  vi.useFakeTimers()
  calls = []
  options = { ...base }
  state = 'queued'
  make = () => json({ refund_id: 'r1' }, 202)
  vi.stubGlobal('fetch', async (request: Request) => {
    const path = new URL(request.url).pathname
    const text = request.method === 'POST' ? await request.clone().text() : ''
    calls.push({ method: request.method, path, key: request.headers.get('Idempotency-Key'), body: text ? JSON.parse(text) : null })
    if (path.endsWith('/refund-options')) return json(options)
    if (path.endsWith('/complaints/c1/refunds')) return make()
    if (path.endsWith('/refunds/r1')) return json({ id: 'r1', state, amount: 30_000 })
    return json({})
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const settle = async () => {
  await flushPromises()
  await vi.advanceTimersByTimeAsync(0)
  await flushPromises()
}

async function open() {
  let refund!: ReturnType<typeof useRefund>
  const Host = defineComponent({ setup() { refund = useRefund('c1'); return () => null } })
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  mount(Host, { global: { plugins: [i18n, [VueQueryPlugin, { queryClient: client }]] } })
  await settle()
  return refund
}
const posts = () => calls.filter(c => c.method === 'POST')

function type(r: ReturnType<typeof useRefund>, amount = '300.00', again = amount) {
  r.amountText.value = amount
  r.againText.value = again
}

describe('a refund', () => {
  test('of which part was refunded elsewhere goes on once somebody says how much, and says it along', async () => {
    options = { ...base, refunded: 0, remaining: 129_900, blocked: { code: 'refunded_elsewhere', reason: '退过款', way_out: null } }
    const r = await open()
    type(r)
    expect([r.ready.value, r.asksElsewhere.value, r.blocked.value?.code]).toEqual([false, true, 'refunded_elsewhere'])
    r.elsewhereText.value = '1300'
    expect([r.elsewhereFault.value, r.ready.value]).toEqual([true, false])
    r.elsewhereText.value = '1000'
    expect([r.remaining.value, r.fault.value]).toEqual([29_900, 'over'])
    type(r, '299')
    expect([r.blocked.value, r.ready.value]).toEqual([null, true])
    await r.submit()
    expect(posts()[0]?.body).toEqual({ amount: 29_900, reason: '', elsewhere: 100_000 })
    options = { ...options, limit: 0 }
    r.startAgain()
    await settle()
    expect(r.asksElsewhere.value).toBe(false)
  })

  test('is handed over only when the amount was typed twice and alike', async () => {
    const r = await open()
    type(r, '300.00', '')
    await r.submit()
    type(r, '300.00', '30.00')
    await r.submit()
    expect(posts()).toEqual([])
    type(r, '300', '300.00')
    expect(r.ready.value).toBe(true)
    await r.submit()
    expect(posts().map(c => c.body)).toEqual([{ amount: 30_000, reason: '' }])
  })

  test('of more than is left is never handed over', async () => {
    const r = await open()
    type(r, '1099.01')
    expect(r.fault.value).toBe('over')
    await r.submit()
    expect(posts()).toEqual([])
    r.takeAll()
    expect(r.amountText.value).toBe('1099.00')
    expect(r.fault.value).toBeNull()
  })

  test('changed after the second typing has to be typed again', async () => {
    const r = await open()
    type(r)
    r.amountText.value = '400'
    expect(r.ready.value).toBe(false)
  })

  test('with a reason too long for WeChat Pay waits for a shorter one', async () => {
    const r = await open()
    type(r)
    r.reason.value = '退'.repeat(27)
    expect([r.bytes.value, r.ready.value]).toEqual([81, false])
    r.reason.value = '退'.repeat(26)
    expect([r.bytes.value, r.ready.value]).toEqual([78, true])
  })

  test('that is blocked cannot be handed over', async () => {
    options = { ...base, blocked: { code: 'no_merchant', reason: '', way_out: '' } }
    const r = await open()
    type(r)
    await r.submit()
    expect(posts()).toEqual([])
  })

  test('says before that a second person decides', async () => {
    options = { ...base, refunded: 0, refunding: 0 }
    const r = await open()
    type(r, '1000.00')
    expect(r.needsApproval.value).toBe(false)
    type(r, '1000.01')
    expect(r.needsApproval.value).toBe(true)
  })

  test('and counts what went back of the order before', async () => {
    options = { ...base, refunded: 60000, refunding: 0 }
    const r = await open()
    type(r, '400.00')
    expect(r.needsApproval.value).toBe(false)
    type(r, '400.01')
    expect(r.needsApproval.value).toBe(true)
  })

  test('is done only when WeChat Pay says so, and is handed over once', async () => {
    const r = await open()
    type(r)
    await r.submit()
    await settle()
    expect([r.phase.value, r.refund.value?.state]).toEqual(['following', 'queued'])
    await r.submit()
    state = 'unknown'
    await vi.advanceTimersByTimeAsync(1_100)
    expect(r.refund.value?.state).toBe('unknown')
    state = 'done'
    await vi.advanceTimersByTimeAsync(3_100)
    await settle()
    expect(r.refund.value?.state).toBe('done')
    expect(posts()).toHaveLength(1)
  })

  test('repeated after a broken connection carries the same key; another amount a new one', async () => {
    const r = await open()
    type(r)
    make = () => { throw new TypeError('Failed to fetch') }
    await r.submit()
    expect(r.refused.value?.offline).toBe(true)
    await r.submit()
    type(r, '400')
    make = () => json({ refund_id: 'r1' }, 202)
    await r.submit()
    const keys = posts().map(c => c.key)
    expect(keys[0]).toBeTruthy()
    expect(keys[1]).toBe(keys[0])
    expect(keys[2]).not.toBe(keys[0])
  })

  test('that is refused keeps what was typed and reads anew what is there', async () => {
    const r = await open()
    type(r)
    make = () => json({ code: 'conflict', detail: '这笔订单正在退款' }, 409)
    const before = calls.filter(c => c.path.endsWith('/refund-options')).length
    await r.submit()
    await settle()
    expect(r.refused.value?.code).toBe('conflict')
    expect(r.amountText.value).toBe('300.00')
    expect(calls.filter(c => c.path.endsWith('/refund-options')).length).toBe(before + 1)
  })
})

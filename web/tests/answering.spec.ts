import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { defineComponent, ref, type Ref } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import type { Action, Complaint } from '@/shared/api/types'
import { ApiProblem } from '@/shared/api/problem'
import { useAnswer } from '@/shared/composables/useAnswer'
import { readDraft } from '@/shared/drafts'
import type { AnswerKind } from '@/shared/rules/answer'
import { i18n } from '@/shared/i18n'

interface Call { method: string, path: string, key: string | null, body: unknown }

const complaint = (part: Partial<Complaint> = {}) => ({ id: 'c1', stage: 'to_respond', legal_actions: ['respond'], actions: [], ...part }) as unknown as Complaint
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })

let calls: Call[]
let respond: () => Response | Promise<Response>
let preview: () => Response
let action: Partial<Action>

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  calls = []
  action = { id: 'a1', state: 'queued', error: null }
  respond = () => json({ action_id: 'a1' }, 202)
  preview = () => json({ warnings: [] })
  vi.stubGlobal('fetch', async (request: Request) => {
    const path = new URL(request.url).pathname
    const text = request.method === 'POST' ? await request.clone().text() : ''
    calls.push({ method: request.method, path, key: request.headers.get('Idempotency-Key'), body: text ? JSON.parse(text) : null })
    if (path.endsWith('/me')) return json({ id: 'u1', name: '周敏', permissions: ['cases_act'] })
    if (path.endsWith('/preview')) return preview()
    if (['/respond', '/supplement', '/refund-proof', '/appeal'].some(p => path.endsWith(p))) return respond()
    if (path.includes('/actions/')) return json(action)
    return json({})
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function open(of: Ref<Complaint | undefined> = ref(complaint()), kinds: AnswerKind[] = ['respond']) {
  let answer!: ReturnType<typeof useAnswer>
  const Host = defineComponent({ setup() { answer = useAnswer(of, kinds); return () => null } })
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: Host }] })
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const page = mount(Host, { global: { plugins: [i18n, router, [VueQueryPlugin, { queryClient: client }]] } })
  await settle()
  return { answer, page, of, client }
}
const settle = async () => {
  await flushPromises()
  await vi.advanceTimersByTimeAsync(0)
  await flushPromises()
}
const posts = () => calls.filter(c => c.path.endsWith('/respond'))

async function write(answer: ReturnType<typeof useAnswer>, text = '非常抱歉，马上为您退款。') {
  answer.text.value = text
  answer.ask()
  await answer.send()
  await settle()
}

describe('answering', () => {
  test('an empty text can neither be looked at nor sent', async () => {
    const { answer } = await open()
    answer.text.value = '   '
    answer.ask()
    await answer.send()
    expect(answer.phase.value).toBe('writing')
    expect(posts()).toEqual([])
  })

  test('nothing goes out before the second look', async () => {
    const { answer } = await open()
    answer.text.value = '好的'
    answer.ask()
    expect(answer.phase.value).toBe('confirming')
    expect(posts()).toEqual([])
    answer.cancel()
    expect(answer.phase.value).toBe('writing')
    expect(answer.text.value).toBe('好的')
  })

  test('is queued, then running, then done only when WeChat agreed; then the draft is gone', async () => {
    const { answer } = await open()
    await write(answer)
    expect(posts()[0]?.body).toMatchObject({ decision: 'agree', content: '非常抱歉，马上为您退款。' })
    expect(answer.phase.value).toBe('queued')
    expect(answer.busy.value).toBe(true)
    action.state = 'running'
    await vi.advanceTimersByTimeAsync(1100)
    expect(answer.phase.value).toBe('running')
    action.state = 'done'
    await vi.advanceTimersByTimeAsync(1100)
    await settle()
    expect(answer.phase.value).toBe('done')
    expect(readDraft('u1', 'c1', 'respond')).toBeNull()
    const asked = () => calls.filter(c => c.path.includes('/actions/')).length
    const before = asked()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(asked(), 'nobody asks on after the end').toBe(before)
    expect(posts()).toHaveLength(1)
  })

  test('the case is read anew when the answer is through, and again when the server has done so', async () => {
    const { answer, client } = await open()
    const reads = vi.spyOn(client, 'invalidateQueries')
    action.state = 'done'
    await write(answer)
    const cases = () => reads.mock.calls.filter(([of]) => JSON.stringify(of) === '{"queryKey":["complaints"]}').length
    const atOnce = cases()
    expect(answer.phase.value).toBe('done')
    await vi.advanceTimersByTimeAsync(2000)
    expect([atOnce, cases()]).toEqual([1, 2])
  })

  test('an unknown outcome is asked for again and never sent twice', async () => {
    const { answer } = await open()
    action.state = 'unknown'
    await write(answer)
    await vi.advanceTimersByTimeAsync(1100)
    expect(answer.phase.value).toBe('unknown')
    await answer.send()
    expect(posts()).toHaveLength(1)
    action.state = 'done'
    await vi.advanceTimersByTimeAsync(3100)
    await settle()
    expect(answer.phase.value).toBe('done')
  })

  test('a failure keeps the text and says so', async () => {
    const { answer } = await open()
    action = { id: 'a1', state: 'failed', error: { code: 'bad_content', text: '请修改', wechat_errcode: 10001, rid: null } }
    await write(answer, '写错了')
    expect(answer.phase.value).toBe('failed')
    expect(answer.movedOn.value).toBe(false)
    answer.writeAgain()
    expect(answer.phase.value).toBe('writing')
    expect(answer.text.value).toBe('写错了')
  })

  test('309 is “moved on”, not a fault of the text', async () => {
    const { answer } = await open()
    action = { id: 'a1', state: 'failed', error: { code: 'moved_on', text: '…', wechat_errcode: 309, rid: 'x' } }
    await write(answer)
    expect(answer.movedOn.value).toBe(true)
  })

  test('a lost connection is repeated under the same key, a changed text under a new one', async () => {
    const { answer } = await open()
    respond = () => Promise.reject(new TypeError('Failed to fetch'))
    await write(answer, '第一版')
    expect(answer.refused.value?.code).toBe('network')
    expect(answer.phase.value).toBe('writing')
    await write(answer, '第一版')
    await write(answer, '第二版')
    const [first, second, third] = posts().map(c => c.key)
    expect(first).toBeTruthy()
    expect(second).toBe(first)
    expect(third).not.toBe(first)
  })

  test('a refusal at the door is shown and nothing is followed', async () => {
    const { answer } = await open()
    respond = () => json({ code: 'not_legal_now', detail: '正在等用户确认' }, 409)
    await write(answer)
    expect(answer.refused.value?.detail).toBe('正在等用户确认')
    expect(answer.movedOn.value).toBe(true)
    expect(calls.some(c => c.path.includes('/actions/'))).toBe(false)
  })

  test('pictures alone are enough, and go along in their order', async () => {
    const { answer } = await open()
    answer.pictures.items.value = ['e1', 'e2'].map(id => ({
      key: id, name: id, url: `/api/v1/evidence/${id}/file`, progress: 100, problem: null, file: null, picture: { id, url: '', name: id, width: 1, height: 1 },
    }))
    answer.pictures.move('e2', 0)
    answer.ask()
    await answer.send()
    await settle()
    expect(posts()[0]?.body).toMatchObject({ content: '', evidence_ids: ['e2', 'e1'] })
    await vi.advanceTimersByTimeAsync(400)
    expect(readDraft('u1', 'c1', 'respond')?.pictures.map(p => p.id)).toEqual(['e2', 'e1'])
  })

  test('a picture that did not arrive keeps the answer from going without it', async () => {
    const { answer } = await open()
    answer.text.value = '见图'
    answer.pictures.items.value = [{ key: 'k', name: 'a.png', url: '', progress: 0, problem: null, picture: null, file: new File(['x'], 'a.png') }]
    expect(answer.canSend.value, 'while it is on its way').toBe(false)
    answer.pictures.items.value[0]!.problem = new ApiProblem(0, 'network', '')
    expect(answer.canSend.value, 'after it failed').toBe(false)
    answer.pictures.remove('k')
    expect(answer.canSend.value).toBe(true)
  })

  test('while goods come back, whether they arrived has to be said', async () => {
    const c = complaint({ status: 309, legal_actions: ['refund_proof'], return_bill: { return_id: '1', waybill_id: null, carrier: null, status: 4, status_text: '已签收' } })
    const { answer } = await open(ref(c), ['refund_proof'])
    answer.text.value = '已退款'
    expect(answer.canSend.value).toBe(false)
    answer.acceptReturn.value = false
    answer.ask()
    await answer.send()
    await settle()
    expect(calls.find(x => x.path.endsWith('/refund-proof'))?.body).toEqual({ content: '已退款', evidence_ids: [], accept_return: false })
  })

  test('what is written for one kind stays when another is chosen', async () => {
    const { answer } = await open(ref(complaint({ legal_actions: ['refund_proof', 'appeal'] })), ['refund_proof', 'appeal'])
    answer.text.value = '退款凭证'
    answer.kind.value = 'appeal'
    expect(answer.text.value).toBe('')
    answer.text.value = '申诉理由'
    answer.kind.value = 'refund_proof'
    expect(answer.text.value).toBe('退款凭证')
  })

  test('warnings come with the second look and keep nobody from sending', async () => {
    const { answer } = await open()
    answer.text.value = '已退款'
    preview = () => json({ warnings: [{ code: 'short', text: '文字很短' }] })
    answer.ask()
    await settle()
    expect(answer.warnings.value).toEqual([{ code: 'short', text: '文字很短' }])
    preview = () => json({}, 500)
    answer.cancel()
    answer.ask()
    await settle()
    expect(answer.warnings.value).toEqual([])
    await answer.send()
    await settle()
    expect(posts()).toHaveLength(1)
  })

  test('what somebody else is just sending is followed', async () => {
    const running = { id: 'a1', kind: 'respond', state: 'running' } as Action
    action.state = 'running'
    const { answer } = await open(ref(complaint({ actions: [running] })))
    await vi.advanceTimersByTimeAsync(100)
    expect(answer.phase.value).toBe('running')
    expect(answer.canSend.value).toBe(false)
  })
})

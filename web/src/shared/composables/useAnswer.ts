import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { api, newIdempotencyKey, take } from '@/shared/api/client'
import { asProblem, type ApiProblem } from '@/shared/api/problem'
import type { Action, Complaint, RespondInput } from '@/shared/api/types'
import type { AnswerKind } from '@/shared/rules/answer'
import { countCharacters } from '@/shared/format/text'
import { isFinal } from '@/shared/rules/answer'
import { complaintKeys } from './useComplaints'
import { useDraft } from './useDraft'
import { usePictures } from './usePictures'
import { useSession } from './useSession'

export type Decision = RespondInput['decision']

/** Where an answer is on its way: written, looked at a second time, handed over, and then what WeChat made of it. */
export type Phase = 'writing' | 'confirming' | 'handing_over' | 'queued' | 'running' | 'unknown' | 'done' | 'failed'

/** The API's codes for "this complaint is in another stage by now": WeChat's 309 and 1002, or our own fresh look before sending. */
const MOVED_ON = ['moved_on', 'not_legal_now']

/** How long to wait before asking again what became of it, ms. An unknown outcome is being read back by the server, so less often. */
const ASK_AGAIN: Record<string, number> = { queued: 1000, running: 1000, unknown: 3000 }
/** The server reads the case anew once an answer is through; the page sees that after a moment, ms. */
const CASE_FOLLOWS = 1500

interface Body { content: string, evidence_ids: string[], take_over?: boolean, decision?: Decision, accept_return?: boolean }

/** One way to WeChat for every kind of answer: 回应处理, 补充凭证, 退款处理凭证, 申诉. */
function post(kind: AnswerKind, id: string, key: string, body: Body) {
  const params = { path: { id }, header: { 'Idempotency-Key': key } }
  switch (kind) {
    case 'supplement': return api.POST('/api/v1/complaints/{id}/supplement', { params, body })
    case 'appeal': return api.POST('/api/v1/complaints/{id}/appeal', { params, body })
    case 'refund_proof': return api.POST('/api/v1/complaints/{id}/refund-proof', { params, body })
    default: return api.POST('/api/v1/complaints/{id}/respond', { params, body: { ...body, decision: body.decision ?? 'agree' } })
  }
}

export function useAnswer(complaint: MaybeRefOrGetter<Complaint | undefined>, kinds: MaybeRefOrGetter<readonly AnswerKind[]> = ['respond']) {
  const client = useQueryClient()
  const { userId } = useSession()
  const id = computed(() => toValue(complaint)?.id ?? '')
  const chosen = ref<AnswerKind | null>(null)
  const kind = computed<AnswerKind>({
    get: () => (chosen.value && toValue(kinds).includes(chosen.value) ? chosen.value : toValue(kinds)[0] ?? 'respond'),
    set: (value) => { chosen.value = value },
  })
  const draft = useDraft(userId, id, kind)
  const pictures = usePictures(id, draft.pictures)
  const acceptReturn = ref<boolean | null>(null)
  /** While goods come back WeChat wants to know whether they arrived. */
  const wantsReturn = computed(() => kind.value === 'refund_proof' && !!toValue(complaint)?.return_bill && [309, 311].includes(toValue(complaint)?.status ?? 0))
  const decision = computed<Decision>({
    get: () => (draft.decision.value === 'refuse' ? 'refuse' : 'agree'),
    set: (value) => { draft.decision.value = value },
  })

  const confirming = ref(false)
  const handingOver = ref(false)
  const refused = ref<ApiProblem | null>(null)
  const actionId = ref<string | null>(null)
  let intent: { fingerprint: string, key: string } | null = null

  watch(id, () => {
    confirming.value = handingOver.value = false
    refused.value = null
    actionId.value = null
    acceptReturn.value = null
    warnings.value = []
    intent = null
  })

  // An answer somebody sent before this page was opened is followed just the same.
  watch(() => toValue(complaint)?.actions?.find(a => !isFinal(a.state))?.id, (running) => {
    if (running) actionId.value = running
  }, { immediate: true })

  watch(() => toValue(complaint)?.actions, (actions) => {
    const sent = actions?.filter(a => a.kind === kind.value && a.state === 'done').map(a => a.finished_at ?? a.created_at) ?? []
    if (sent.length) draft.discardIfOlderThan(Math.max(...sent))
  }, { immediate: true })

  const { data: action } = useQuery({
    queryKey: computed(() => ['actions', actionId.value] as const),
    queryFn: () => take(api.GET('/api/v1/actions/{id}', { params: { path: { id: actionId.value! } } })),
    enabled: computed(() => !!actionId.value),
    refetchInterval: query => ASK_AGAIN[query.state.data?.state ?? 'queued'] ?? false,
    staleTime: 0,
  })

  watch(() => action.value?.state, async (state) => {
    if (!state || !isFinal(state)) return
    if (state === 'done') draft.discard()
    intent = null
    await refresh()
    setTimeout(() => { void refresh() }, CASE_FOLLOWS)
  })

  async function refresh() {
    await client.invalidateQueries({ queryKey: complaintKeys.all })
    await client.invalidateQueries({ queryKey: ['workbench'] })
  }

  const phase = computed<Phase>(() => {
    if (handingOver.value) return 'handing_over'
    if (actionId.value) return phaseOf(action.value)
    return confirming.value ? 'confirming' : 'writing'
  })
  const movedOn = computed(() => MOVED_ON.includes(action.value?.error?.code ?? refused.value?.code ?? ''))
  // After a failure the text may be mended and sent again, unless the case has left the stage for it.
  const canWrite = computed(() => phase.value === 'writing' || (phase.value === 'failed' && !movedOn.value))
  const filled = computed(() => (draft.text.value.trim().length > 0 || draft.pictures.value.length > 0) && !pictures.busy.value
    && !pictures.failed.value && (!wantsReturn.value || acceptReturn.value !== null))
  const canSend = computed(() => !!id.value && filled.value && canWrite.value)

  /** What a careful colleague would mention; shown with the second look. */
  const warnings = ref<{ code: string, text: string }[]>([])

  function body(): Body {
    return {
      content: draft.text.value.trim(),
      evidence_ids: draft.pictures.value.map(p => p.id),
      ...(kind.value === 'respond' ? { decision: decision.value } : {}),
      ...(wantsReturn.value && acceptReturn.value !== null ? { accept_return: acceptReturn.value } : {}),
    }
  }

  /** The second look before sending. */
  function ask() {
    if (!canSend.value) return
    if (phase.value === 'failed') writeAgain()
    confirming.value = true
    warnings.value = []
    // Advice: it may come late or not at all, and keeps nobody from sending.
    take(api.POST('/api/v1/complaints/{id}/preview', { params: { path: { id: id.value } }, body: { kind: kind.value, ...body() } }))
      .then((look) => { warnings.value = look.warnings ?? [] })
      .catch(() => { warnings.value = [] })
  }

  function keyFor(body: Body): string {
    const fingerprint = JSON.stringify([id.value, kind.value, body])
    if (intent?.fingerprint !== fingerprint) intent = { fingerprint, key: newIdempotencyKey() }
    return intent.key
  }

  /** Hands the answer to the server. Repeated after a lost connection it carries the same key, so it is sent once. */
  async function send(takeOver = false) {
    if (handingOver.value || actionId.value || !filled.value) return
    const sent: Body = { ...body(), ...(takeOver ? { take_over: true } : {}) }
    handingOver.value = true
    refused.value = null
    try {
      const answer = await take(post(kind.value, id.value, keyFor(sent), sent))
      actionId.value = answer.action_id
    } catch (error) {
      refused.value = asProblem(error)
      if (!refused.value.offline) intent = null
      if (refused.value.status === 409) await client.invalidateQueries({ queryKey: complaintKeys.all })
    } finally {
      confirming.value = false
      handingOver.value = false
    }
  }

  /** Back to writing after a failure; the text is still there. */
  function writeAgain() {
    actionId.value = null
    refused.value = null
  }

  return {
    kind,
    kinds: computed(() => toValue(kinds)),
    text: draft.text,
    pictures,
    wantsReturn,
    acceptReturn,
    warnings,
    kept: draft.kept,
    decision,
    length: computed(() => countCharacters(draft.text.value.trim())),
    phase,
    action,
    refused,
    movedOn,
    canWrite,
    canSend,
    busy: computed(() => !['writing', 'confirming', 'done', 'failed'].includes(phase.value)),
    ask,
    cancel: () => { confirming.value = false },
    send,
    writeAgain,
  }
}

function phaseOf(action: Action | undefined): Phase {
  return (action?.state as Phase | undefined) ?? 'queued'
}

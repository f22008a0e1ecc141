import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { api, newIdempotencyKey, take } from '@/shared/api/client'
import { asProblem, type ApiProblem } from '@/shared/api/problem'
import type { Action, Complaint, RespondInput } from '@/shared/api/types'
import { countCharacters } from '@/shared/format/text'
import { isFinal } from '@/shared/rules/answer'
import { complaintKeys } from './useComplaints'
import { useDraft } from './useDraft'
import { useSession } from './useSession'

export type Decision = RespondInput['decision']

/** Where an answer is on its way: written, looked at a second time, handed over, and then what WeChat made of it. */
export type Phase = 'writing' | 'confirming' | 'handing_over' | 'queued' | 'running' | 'unknown' | 'done' | 'failed'

/** The API's codes for "this complaint is in another stage by now": WeChat's 309 and 1002, or our own fresh look before sending. */
const MOVED_ON = ['moved_on', 'not_legal_now']

/** How long to wait before asking again what became of it, ms. An unknown outcome is being read back by the server, so less often. */
const ASK_AGAIN: Record<string, number> = { queued: 1000, running: 1000, unknown: 3000 }

export function useRespond(complaint: MaybeRefOrGetter<Complaint | undefined>) {
  const client = useQueryClient()
  const { userId } = useSession()
  const id = computed(() => toValue(complaint)?.id ?? '')
  const draft = useDraft(userId, id, 'respond')
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
    intent = null
  })

  // An answer somebody sent before this page was opened is followed just the same.
  watch(() => toValue(complaint)?.actions?.find(a => !isFinal(a.state))?.id, (running) => {
    if (running) actionId.value = running
  }, { immediate: true })

  watch(() => toValue(complaint)?.actions, (actions) => {
    const sent = actions?.filter(a => a.kind === 'respond' && a.state === 'done').map(a => a.finished_at ?? a.created_at) ?? []
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
    await client.invalidateQueries({ queryKey: complaintKeys.all })
    await client.invalidateQueries({ queryKey: ['workbench'] })
  })

  const phase = computed<Phase>(() => {
    if (handingOver.value) return 'handing_over'
    if (actionId.value) return phaseOf(action.value)
    return confirming.value ? 'confirming' : 'writing'
  })
  const movedOn = computed(() => MOVED_ON.includes(action.value?.error?.code ?? refused.value?.code ?? ''))
  // After a failure the text may be mended and sent again, unless the case has left the stage for it.
  const canWrite = computed(() => phase.value === 'writing' || (phase.value === 'failed' && !movedOn.value))
  const canSend = computed(() => !!id.value && draft.text.value.trim().length > 0 && canWrite.value)

  /** The second look before sending. */
  function ask() {
    if (!canSend.value) return
    if (phase.value === 'failed') writeAgain()
    confirming.value = true
  }

  function keyFor(body: RespondInput): string {
    const fingerprint = JSON.stringify([id.value, body])
    if (intent?.fingerprint !== fingerprint) intent = { fingerprint, key: newIdempotencyKey() }
    return intent.key
  }

  /** Hands the answer to the server. Repeated after a lost connection it carries the same key, so it is sent once. */
  async function send() {
    if (handingOver.value || actionId.value || !draft.text.value.trim()) return
    const body: RespondInput = { decision: decision.value, content: draft.text.value.trim(), evidence_ids: [] }
    handingOver.value = true
    refused.value = null
    try {
      const answer = await take(api.POST('/api/v1/complaints/{id}/respond', {
        params: { path: { id: id.value }, header: { 'Idempotency-Key': keyFor(body) } },
        body,
      }))
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
    text: draft.text,
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

import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { api, newIdempotencyKey, take } from '@/shared/api/client'
import { asProblem, type ApiProblem } from '@/shared/api/problem'
import { amountFault, byteLength, isSettled, needsApproval, parseYuan, REASON_BYTES, reasonShown, yuanText } from '@/shared/rules/refund'
import { complaintKeys } from './useComplaints'
import { refundKeys, useOneRefund } from './useRefunds'

/**
 * A refund from a case: what is there to give back, how much this time, typed twice, and what became of it. Handing it over again after a
 * lost connection carries the same key, so the server makes one refund of it; what WeChat Pay does with it is followed, never assumed.
 */
export function useRefund(complaint: MaybeRefOrGetter<string>) {
  const client = useQueryClient()
  const id = computed(() => toValue(complaint))
  const amountText = ref('')
  const againText = ref('')
  const reason = ref('')
  /** what somebody looked up to be refunded outside, as typed; asked for when WeChat Pay knows of a refund that was not made here */
  const elsewhereText = ref('')
  const handingOver = ref(false)
  const refused = ref<ApiProblem | null>(null)
  const refundId = ref('')
  let intent: { fingerprint: string, key: string } | null = null

  watch(id, startAgain)

  const options = useQuery({
    queryKey: computed(() => refundKeys.options(id.value)),
    queryFn: async () => {
      const facts = await take(api.GET('/api/v1/complaints/{id}/refund-options', { params: { path: { id: id.value } } }))
      void client.invalidateQueries({ queryKey: complaintKeys.one(id.value) }) // what WeChat Pay said of the order stands in the case, too
      return facts
    },
    enabled: computed(() => !!id.value),
    staleTime: 0,
  })
  const { data: refund } = useOneRefund(refundId)

  watch(() => refund.value?.state, async (state) => {
    if (!state || !isSettled(state)) return
    intent = null
    await Promise.all([client.invalidateQueries({ queryKey: complaintKeys.all }), client.invalidateQueries({ queryKey: refundKeys.all })])
  })

  const facts = computed(() => options.data.value)
  const outside = computed(() => facts.value?.blocked?.code === 'refunded_elsewhere')
  const elsewhere = computed(() => (outside.value && elsewhereText.value.trim() ? parseYuan(elsewhereText.value) : null))
  const elsewhereFault = computed(() => outside.value && elsewhereText.value.trim() !== '' && (elsewhere.value === null || elsewhere.value > (facts.value?.order_total ?? Infinity)))
  /** what may go back, as the server says; it does not know until somebody says what was refunded outside */
  const remaining = computed(() => {
    const f = facts.value
    if (!outside.value || f?.order_total == null) return f?.remaining ?? null
    return elsewhere.value === null ? null : Math.max(f.order_total - f.refunded - f.refunding - elsewhere.value, 0)
  })
  const away = computed(() => facts.value?.elsewhere ?? elsewhere.value ?? 0)
  /** what went back or is on its way, whoever did it */
  const gone = computed(() => (facts.value?.refunded ?? 0) + (facts.value?.refunding ?? 0) + away.value)
  /** why it can't go on; once the amount refunded outside is said, that block is answered */
  const blocked = computed(() => (outside.value && elsewhere.value !== null && !elsewhereFault.value ? null : facts.value?.blocked ?? null))
  const amount = computed(() => parseYuan(amountText.value))
  const fault = computed(() => amountFault(amountText.value, { remaining: remaining.value, limit: facts.value?.limit }))
  const bytes = computed(() => byteLength(reason.value.trim()))
  const agrees = computed(() => fault.value === null && againText.value.trim() !== '' && parseYuan(againText.value) === amount.value)
  const phase = computed<'writing' | 'handing_over' | 'following'>(() => (handingOver.value ? 'handing_over' : refundId.value ? 'following' : 'writing'))
  const ready = computed(() => phase.value === 'writing' && !!facts.value && !blocked.value && agrees.value && bytes.value <= REASON_BYTES)

  function takeAll() {
    if (remaining.value != null) amountText.value = yuanText(remaining.value)
  }

  function keyFor(body: { amount: number, reason: string, elsewhere?: number }): string {
    const fingerprint = JSON.stringify([id.value, body])
    if (intent?.fingerprint !== fingerprint) intent = { fingerprint, key: newIdempotencyKey() }
    return intent.key
  }

  async function submit() {
    if (!ready.value || amount.value === null) return
    const body = { amount: amount.value, reason: reason.value.trim(), ...(elsewhere.value === null ? {} : { elsewhere: elsewhere.value }) }
    handingOver.value = true
    refused.value = null
    try {
      const made = await take(api.POST('/api/v1/complaints/{id}/refunds', { params: { path: { id: id.value }, header: { 'Idempotency-Key': keyFor(body) } }, body }))
      refundId.value = made.refund_id
      void options.refetch()
      void client.invalidateQueries({ queryKey: complaintKeys.all })
    } catch (error) {
      refused.value = asProblem(error)
      // Whether it arrived is not known when the connection broke: the same key goes with the next try.
      if (!refused.value.offline) intent = null
      if (refused.value.status === 409) await options.refetch()
    } finally {
      handingOver.value = false
    }
  }

  /** Ready for another part of the order; what was typed is gone, the second time as well. */
  function startAgain() {
    amountText.value = againText.value = reason.value = elsewhereText.value = refundId.value = ''
    refused.value = null
    intent = null
    void options.refetch()
  }

  return {
    options,
    facts,
    amountText,
    againText,
    reason,
    elsewhereText,
    /** only who may refund any amount says what was refunded outside */
    asksElsewhere: computed(() => outside.value && facts.value?.limit == null),
    elsewhereFault,
    away,
    gone,
    remaining,
    blocked,
    amount,
    fault,
    bytes,
    agrees,
    phase,
    ready,
    refused,
    refund,
    refundId,
    needsApproval: computed(() => amount.value !== null && needsApproval(amount.value + (facts.value?.refunded ?? 0) + (facts.value?.refunding ?? 0), facts.value?.approval_above)),
    reasonShown: computed(() => amount.value === null || reasonShown(amount.value, remaining.value, (facts.value?.refunded ?? 0) + away.value)),
    takeAll,
    submit,
    startAgain,
  }
}

import { computed, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import type { ComplaintSummary } from '@/shared/api/types'
import { hasDraft } from '@/shared/drafts'
import { ALL } from '@/shared/rules/answer'
import { useFormat } from './useFormat'
import { usePrograms } from './usePrograms'
import { useSession } from './useSession'

/** What one line of a list says about a complaint; the same words at the desk and on the phone. */
export function useRowFacts(complaint: Ref<ComplaintSummary>) {
  const { t } = useI18n()
  const { named } = useFormat()
  const { byId } = usePrograms()
  const { userId } = useSession()

  const program = computed(() => {
    const c = complaint.value
    const known = byId.value.get(c.program_id)
    return { name: c.program_name || known?.name || known?.appid || '', avatar: known?.avatar_url ?? null }
  })
  // In these two the user's turn is to send the goods back, not to agree (reference/wechat-complaint-api.md §3).
  const stage = computed(() => named('stage', [308, 309].includes(complaint.value.status ?? 0) ? 'returning' : complaint.value.stage, complaint.value.status_text))
  /** something can be sent to WeChat about it; money back is another matter */
  const answerable = computed(() => ALL.some(k => complaint.value.legal_actions?.includes(k)))
  const state = computed(() => {
    const own = complaint.value.action_state
    if (own === 'queued' || own === 'running') return { text: t('answer.sending'), busy: true, bad: false }
    if (own === 'unknown') return { text: t('answer.checking'), busy: true, bad: false }
    if (own === 'failed' && answerable.value) return { text: t('answer.failed'), busy: false, bad: true }
    return { text: complaint.value.stage === 'unknown' ? complaint.value.status_text ?? stage.value : stage.value, busy: false, bad: false }
  })
  const draft = computed(() => answerable.value && !state.value.busy && hasDraft(userId.value, complaint.value.id))

  return {
    program,
    type: computed(() => named('type', complaint.value.type, complaint.value.type_text)),
    stage,
    state,
    draft,
    /** fen that went back already; 0 = nothing */
    back: computed(() => complaint.value.refunded_amount ?? 0),
    /** in place of the clock when there is no deadline */
    idle: computed(() => (complaint.value.stage === 'closed' ? '' : complaint.value.stage.startsWith('to_') ? t('countdown.none') : '')),
  }
}

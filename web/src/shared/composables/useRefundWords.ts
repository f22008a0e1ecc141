import { useI18n } from 'vue-i18n'
import type { IconName } from '@/shared/components/icons'
import type { Refund } from '@/shared/api/types'
import { formatFen } from '@/shared/format/money'
import { refundMood } from '@/shared/rules/refund'
import { useFormat } from './useFormat'

const ICONS: Record<ReturnType<typeof refundMood>, IconName> = { moving: 'sync', good: 'ok', stuck: 'warn', bad: 'warn', off: 'close' }

/** A refund in people's words; codes and numbers stay behind “details”. */
export function useRefundWords() {
  const { t, te, locale } = useI18n()
  const { named, moment } = useFormat()

  /** The API's sentences are Chinese; elsewhere the sentence of the state, or of the code where it has one. */
  const own = (group: string, code: string | undefined, chinese: string | null | undefined) => {
    const local = code && te(`${group}.${code}`) ? t(`${group}.${code}`) : ''
    return locale.value === 'zh-CN' ? chinese || local : local
  }

  return {
    mood: (r: Refund) => refundMood(r.state),
    icon: (r: Refund): IconName => (r.state === 'waiting_approval' ? 'wait' : ICONS[refundMood(r.state)]),
    turning: (r: Refund) => ['queued', 'running', 'processing', 'unknown'].includes(r.state),
    state: (r: Refund) => named('refund.state', r.state, r.state_text),
    text: (r: Refund) => named('refund.text', r.state, r.state_text),
    why: (r: Refund) => (r.error ? own('refund.error', r.error.code, r.error.text) : ''),
    wayOut: (r: Refund) => (r.error ? own('refund.wayOut', r.error.code, r.error.way_out) : ''),
    details: (r: Refund) => [r.error?.code, r.error?.wechat_code, r.error?.rid ? `rid ${r.error.rid}` : ''].filter(Boolean).join(' · '),
    /** 周敏 发起，林晗 批准，今天 14:20 */
    who: (r: Refund) => [
      r.source === 'rule' ? t('refund.rule') : t('refund.by', { name: r.actor_name ?? '–' }),
      r.approver_name ? t(r.state === 'rejected' ? 'refund.rejectedBy' : 'refund.approvedBy', { name: r.approver_name }) : '',
      moment(r.created_at),
    ].filter(Boolean).join(t('refund.join')),
    line: (r: Refund) => t('refund.entry', { amount: formatFen(r.amount), state: named('refund.state', r.state, r.state_text) }),
    names: (people: readonly { name: string }[] | null | undefined) => {
      const some = (people ?? []).slice(0, 2).map(p => p.name)
      return some.length ? some.join(t('list.join')) : t('refund.someone')
    },
    blocked: (b: { code: string, reason: string, way_out: string | null }) => ({ reason: own('refund.blocked', b.code, b.reason) || b.reason, wayOut: own('refund.blockedOut', b.code, b.way_out) }),
  }
}

import { useI18n } from 'vue-i18n'
import type { Subscription } from '@/shared/api/types'
import { formatFen } from '@/shared/format/money'
import { useFormat } from './useFormat'
import { useChannels } from './useNotify'
import { useBoundNames } from './useReceivers'
import { useMembers } from './useReminders'
import { useSession } from './useSession'

type Receiver = NonNullable<Subscription['receivers']>[number]

/** A subscription in words: what it tells, what narrows it (empty when nothing does), how, and whom. */
export function useSubscriptionWords() {
  const { t, te } = useI18n()
  const { named } = useFormat()
  const { can } = useSession()
  const { channels, nameOf } = useChannels()
  const { members } = useMembers()
  const bound = useBoundNames(() => (can('notify') ? channels.value : []))
  const list = (parts: readonly (string | false | null | undefined)[]) => parts.filter(Boolean).join(t('heard.sub.and'))
  const names = (of: readonly string[]) => of.join(t('list.join'))

  function amount(s: Subscription) {
    const { min_amount: min, max_amount: max } = s
    if (min != null && max != null) return t('heard.sub.between', { min: formatFen(min), max: formatFen(max) })
    if (min != null) return t('heard.sub.from', { min: formatFen(min) })
    return max != null && t('heard.sub.to', { max: formatFen(max) })
  }
  const only = (s: Subscription) => list([
    s.tags?.length ? t('heard.sub.tags', { tags: names(s.tags) }) : '',
    s.types?.length ? names(s.types.map(x => (te(`type.${x}`) ? t(`type.${x}`) : String(x)))) : '',
    amount(s),
  ])
  const how = (s: Subscription) => list([
    s.fallback_channel_ids?.length ? t('heard.sub.fallback', { channels: names(s.fallback_channel_ids.map(id => nameOf(id) || id)) }) : '',
    s.quiet && t('heard.sub.quiet', { from: s.quiet.from, until: s.quiet.to }),
    s.group ? '' : t('heard.sub.single'),
  ])
  const events = (s: Subscription) => (s.events ?? []).map(e => named('event', e.replace('.', '_'), e)).join(t('list.join'))
  const who = (r: Receiver) => bound.value.get(r.address ?? '') || r.address || r.address_masked
    || (r.user_id ? members.value.find(m => m.id === r.user_id)?.name || t('heard.sub.member') : t(channels.value.find(c => c.id === r.channel_id)?.kind === 'webhook' ? 'heard.sub.system' : 'subscription.group'))
  return { only, how, events, who, nameOf }
}

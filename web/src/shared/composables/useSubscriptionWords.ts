import { useI18n } from 'vue-i18n'
import type { Subscription } from '@/shared/api/types'
import { formatFen } from '@/shared/format/money'

/** What narrows a subscription, and how it is told, in words; empty when nothing does. */
export function useSubscriptionWords(nameOf: (channelId: string) => string) {
  const { t, te } = useI18n()
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
  return { only, how }
}

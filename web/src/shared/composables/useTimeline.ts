import { computed, ref, toValue, type MaybeRefOrGetter } from 'vue'
import { useI18n } from 'vue-i18n'
import type { TimelineEntry } from '@/shared/api/types'

/** WeChat's entries, people's, and what happened by itself (rules and the system together). */
export const SOURCES = ['all', 'wechat', 'staff', 'auto'] as const
export type Source = (typeof SOURCES)[number]

const groupOf = (e: TimelineEntry): Source => (e.source === 'wechat' || e.source === 'staff' ? e.source : 'auto')

/** What happened to a complaint, newest first, told apart by who did it. */
export function useTimeline(entries: MaybeRefOrGetter<readonly TimelineEntry[]>) {
  const { t } = useI18n()
  const source = ref<Source>('all')
  const newest = computed(() => toValue(entries).map((e, i) => ({ e, i })).sort((a, b) => b.e.at - a.e.at || b.i - a.i).map(x => x.e))
  const shown = computed(() => (source.value === 'all' ? newest.value : newest.value.filter(e => groupOf(e) === source.value)))
  const has = (s: Source) => toValue(entries).some(e => groupOf(e) === s)

  /** Who, then what. WeChat's words stand for themselves. */
  const words = (e: TimelineEntry) => (e.source === 'staff' && e.actor && !e.text.startsWith(e.actor)
    ? t('case.actorSays', { actor: e.actor, text: e.text })
    : e.text)

  return { source, shown, has, words }
}

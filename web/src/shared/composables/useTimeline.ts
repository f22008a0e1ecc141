import { computed, ref, toValue, type MaybeRefOrGetter } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Complaint, TimelineEntry } from '@/shared/api/types'
import { useFormat } from '@/shared/composables/useFormat'

/** WeChat's entries, people's, and what happened by itself (rules and the system together). */
export const SOURCES = ['all', 'wechat', 'staff', 'auto'] as const
export type Source = (typeof SOURCES)[number]

const groupOf = (e: TimelineEntry): Source => (e.source === 'wechat' || e.source === 'staff' ? e.source : 'auto')

type Told = Pick<Complaint, 'timeline' | 'content' | 'images'> & Partial<Pick<Complaint, 'notes'>>

const bare = (e: TimelineEntry) => ({ ...e, text: e.text.slice(0, -e.said!.length - 1), said: null })

/** WeChat's first entry carries the whole complaint, which stands above the timeline already. */
export function withoutRepeat(entry: TimelineEntry, complaint: Told): TimelineEntry {
  if (entry.source !== 'wechat' || !entry.said || entry.said !== complaint.content) return entry
  const urls = new Set(complaint.images.map(i => i.url))
  return { ...bare(entry), images: entry.images.filter(i => !urls.has(i.url)) }
}

/** Our own words come back from WeChat once they arrived: that they did is news, what they say was told by whoever wrote them. */
export function withoutEcho(entry: TimelineEntry, timeline: TimelineEntry[]): TimelineEntry {
  const own = (e: TimelineEntry) => OURS.has(e.kind) && e.source !== 'wechat' && e.at <= entry.at + MINUTE && e.said === entry.said
  return entry.source === 'wechat' && entry.said && timeline.some(own) ? bare(entry) : entry
}

const MINUTE = 60_000
/** The kinds of our entries about what was sent to WeChat. */
const OURS = new Set(['respond', 'supplement', 'refund_proof', 'appeal'])

/** Which sentence tells what became of a deadline; null for an entry about something else. */
export function deadlineKey(e: TimelineEntry): string | null {
  if (e.kind !== 'deadline') return null
  return !e.due_to ? 'case.dueGone' : e.due_from ? 'case.dueMoved' : 'case.dueSet'
}

/** What happened to a complaint, newest first as the API has it, told apart by who did it. */
export function useTimeline(complaint: MaybeRefOrGetter<Told>) {
  const { t, te } = useI18n()
  const { moment } = useFormat()
  const source = ref<Source>('all')
  const entries = computed(() => toValue(complaint).timeline.map(e => withoutEcho(withoutRepeat(e, toValue(complaint)), toValue(complaint).timeline)))
  const shown = computed(() => (source.value === 'all' ? entries.value : entries.value.filter(e => groupOf(e) === source.value)))
  const has = (s: Source) => entries.value.some(e => groupOf(e) === s)

  /** The server's sentences are Chinese; another language has its own for those it knows. */
  const sentence = (e: TimelineEntry) => (te(`told.${e.word}`) ? t(`told.${e.word}`, { about: e.about }) + (e.said ? t('told.said', { text: e.said }) : '') : e.text)

  /** Who, then what. */
  const words = (e: TimelineEntry) => {
    const deadline = deadlineKey(e)
    if (deadline) return t(deadline, { from: moment(e.due_from), to: moment(e.due_to) })
    if (e.kind === 'note') return t('case.actorNotes', { actor: e.actor ?? '', text: e.text })
    return e.source === 'staff' && e.actor && !e.text.startsWith(e.actor) ? t('case.actorSays', { actor: e.actor, text: sentence(e) }) : sentence(e)
  }

  /** Who is named in the notes. */
  const named = computed(() => (toValue(complaint).notes ?? []).flatMap(n => (n.mentions ?? []).map(m => m.name)))

  return { source, shown, has, words, named }
}

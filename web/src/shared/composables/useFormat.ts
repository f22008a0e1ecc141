import { useI18n } from 'vue-i18n'
import { ApiProblem, asProblem } from '@/shared/api/problem'
import { useNow } from '@/shared/clock'
import { agoPhrase, dayDistance, lengthPhrase, momentPhrase, overduePhrase, type Phrase } from '@/shared/format/time'

/** Turns the pure rules of format/ into text of the chosen language; moves on with the clock. */
export function useFormat() {
  const { t, te, locale } = useI18n()
  const now = useNow()

  const say = (p: Phrase) => t(p.key, p.params ?? {})

  /** A name from the locale file for a code of the API, or what the API calls it itself, or the code. */
  const named = (group: string, code: string | number | null | undefined, own?: string | null) => {
    const key = `${group}.${code}`
    return code != null && te(key) ? t(key) : own || String(code ?? '–')
  }

  /** The API's own sentence is Chinese; in other languages the code's sentence comes first. */
  const problem = (error: unknown) => {
    const p = asProblem(error)
    const key = `problem.${p.code}`
    const local = te(key) ? t(key, { n: p.retryAfter ?? 60 }) : ''
    const chinese = locale.value === 'zh-CN'
    return (chinese ? p.detail || local : local || p.detail) || t('problem.internal')
  }

  return {
    now,
    say,
    named,
    problem,
    moment: (ms: number | null | undefined) => say(momentPhrase(ms, now.value)),
    ago: (ms: number | null | undefined) => say(agoPhrase(ms, now.value)),
    length: (ms: number) => say(lengthPhrase(ms)),
    overdue: (ms: number) => say(overduePhrase(ms)),
    isToday: (ms: number) => dayDistance(ms, now.value) === 0,
    isProblem: (e: unknown): e is ApiProblem => e instanceof ApiProblem,
  }
}

import { HOUR } from '@/shared/format/time'

/** Five forms and none; the look of each is in tokens.css. */
export type CountdownForm = 'calm' | 'day' | 'soon' | 'urgent' | 'over' | 'none'

export interface Countdown {
  form: CountdownForm
  /** milliseconds until the deadline, negative when passed, 0 without one */
  left: number
  /** part of the whole span that is left, 0 to 100, for the pie and the line above a case */
  share: number
}

/** Only the drawing needs a length when the beginning of a stage is not known; the deadline itself is always WeChat's. */
const USUAL_SPAN = 48 * HOUR

/**
 * @param dueAt the end WeChat gave, ms; null or 0 = there is none
 * @param startedAt when the present stage began, ms, where it is known
 */
export function countdown(dueAt: number | null | undefined, now: number, startedAt?: number | null): Countdown {
  if (!dueAt || dueAt <= 0) return { form: 'none', left: 0, share: 0 }
  const left = dueAt - now
  if (left <= 0) return { form: 'over', left, share: 0 }
  const span = startedAt && startedAt < dueAt ? dueAt - startedAt : Math.max(USUAL_SPAN, left)
  const share = Math.min(100, Math.max(2, Math.round((left / span) * 100)))
  return { form: formOf(left), left, share }
}

/** The first stage begins when the buyer files; when a later one began is not told, so its whole length is not known. */
export function stageStart(complaint: { stage: string, created_at: number | null } | null | undefined): number | null {
  return complaint?.stage === 'to_respond' ? complaint.created_at : null
}

function formOf(left: number): CountdownForm {
  if (left > 24 * HOUR) return 'calm'
  if (left > 12 * HOUR) return 'day'
  if (left > 2 * HOUR) return 'soon'
  return 'urgent'
}

import type { Phrase } from '@/shared/format/time'

/** What can be sent to WeChat about a complaint, under the names the API uses in legal_actions and as the kind of an action. */
export type AnswerKind = 'respond' | 'supplement' | 'refund_proof' | 'appeal'

export const ALL: readonly AnswerKind[] = ['respond', 'supplement', 'refund_proof', 'appeal']

export interface Answerable {
  stage: string
  status_text?: string | null
  legal_actions?: readonly string[] | null
  actions?: readonly { id: string, kind: string, state: string }[] | null
}

export type ComposerState =
  | { is: 'open', kinds: AnswerKind[] }
  | { is: 'sending', actionId: string, kind: string }
  | { is: 'closed', why: Phrase }

const FINAL = ['done', 'failed']

export function isFinal(state: string): boolean {
  return FINAL.includes(state)
}

/** Which of the three the place below a case shows. An answer under way comes first: nothing else may be sent beside it. */
export function composerState(complaint: Answerable, mayAnswer: boolean): ComposerState {
  const running = complaint.actions?.find(a => !isFinal(a.state))
  if (running) return { is: 'sending', actionId: running.id, kind: running.kind }
  const legal = complaint.legal_actions ?? []
  const first = ALL.find(k => legal.includes(k))
  if (!mayAnswer) return { is: 'closed', why: { key: first ? 'closed.noRight' : closedKey(complaint.stage) } }
  if (first) return { is: 'open', kinds: ALL.filter(k => legal.includes(k)) }
  return { is: 'closed', why: { key: closedKey(complaint.stage) } }
}

const STAGES = ['to_respond', 'to_supplement', 'to_prove', 'to_appeal', 'waiting_user', 'platform', 'closed']

function closedKey(stage: string): string {
  return `closed.${STAGES.includes(stage) ? stage : 'unknown'}`
}

/** The sentence under the clock: what is to be done, until when, and what follows otherwise; or what may be done although it is somebody else's turn. */
export function stepKey(stage: string, hasDeadline: boolean, passed: boolean, legal: readonly string[] = []): string {
  if (!STAGES.includes(stage)) return 'step.unknown'
  if (!stage.startsWith('to_')) {
    const may = ['refund_proof', 'appeal'].find(k => legal.includes(k))
    return may ? `step.may.${may}` : `step.${stage}`
  }
  if (!hasDeadline) return `step.${stage}.open`
  return passed ? `step.${stage}.over` : `step.${stage}.due`
}

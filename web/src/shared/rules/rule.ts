import type { Rule, RuleInput } from '@/shared/api/types'
import { beijingDate, beijingMidnight } from '@/shared/format/day'
import { parseYuan, yuanText } from './refund'

/** A piece of the sentence that a rule is read as: words between, a condition, or what will be done. */
export interface Piece { kind: 'words' | 'if' | 'do', key: string, params?: Record<string, string | number> }

export interface Names { program: (id: string) => string, type: (code: number) => string, template: (id: string) => string, money: (fen: number) => string, day: (ms: number) => string, join: string }

const words = (key: string): Piece => ({ kind: 'words', key: `rule.say.${key}` })

/** A rule as one sentence, whose pieces are keys of the locale files. */
export function sentence(r: RuleInput, n: Names): Piece[] {
  const some = (list: readonly string[], most = 3): { key: string, params: Record<string, string | number> } => (list.length > most ? { key: 'some', params: { list: list.slice(0, most).join(n.join), n: list.length } } : { key: 'names', params: { list: list.join(n.join) } })
  const chip = (kind: 'if' | 'do', key: string, params?: Piece['params']): Piece => ({ kind, key: `rule.say.${key}`, ...(params ? { params } : {}) })
  const out: Piece[] = [words('when')]
  const programs = some((r.program_ids ?? []).map(n.program))
  const types = some((r.types ?? []).map(n.type), 2)
  out.push(r.program_ids?.length ? chip('if', programs.key, programs.params) : chip('if', 'anyProgram'), words('gets'))
  out.push(r.types?.length ? chip('if', types.key, types.params) : chip('if', 'noType'), words('complaint'), chip('if', 'upTo', { amount: n.money(r.amount_max ?? 0) }))
  if (r.first_in_days) out.push(words('and'), chip('if', 'first', { n: r.first_in_days }))
  if (r.valid_from || r.valid_to) out.push(words('and'), chip('if', r.valid_from && r.valid_to ? 'between' : r.valid_from ? 'from' : 'until', { from: r.valid_from ? n.day(r.valid_from) : '', to: r.valid_to ? n.day(r.valid_to - 1) : '' }))
  if (r.wait_minutes) out.push(words('after'), chip('if', 'minutes', { n: r.wait_minutes }), words('nobody'))
  out.push(words('then'), chip('do', r.decision ?? 'agree'))
  out.push(words(r.template_id ? 'withTemplate' : 'withText'), r.template_id ? chip('do', 'template', { name: n.template(r.template_id) }) : chip('do', 'ownText'))
  if (r.refund !== 'none') out.push(words('also'), r.refund === 'full' ? chip('do', 'full') : chip('do', 'fixed', { amount: n.money(r.refund_amount ?? 0) }))
  out.push(words('end'))
  return out
}

/** What a rule is, as its tag says. */
export type Mode = 'active' | 'draft' | 'paused' | 'over'
export const modeOf = (r: Pick<Rule, 'state' | 'valid_to'>, now: number): Mode => (r.valid_to != null && r.valid_to <= now ? 'over' : r.state as Mode)

/** The one filled button: enabling, once this very version was replayed; before that, replaying. */
export function nextStep(r: Pick<Rule, 'state' | 'version' | 'replayed_version' | 'editable' | 'valid_to'>, now: number): 'replay' | 'enable' | null {
  if (!r.editable || ['active', 'over'].includes(modeOf(r, now))) return null
  return r.replayed_version === r.version ? 'enable' : 'replay'
}

/** A rule while it is being written: money and numbers as they are typed. */
export interface Draft {
  name: string, programs: string[], types: number[], amountMax: string, first: string, wait: string, from: string, to: string
  decision: 'agree' | 'refuse', template: string, content: string, refund: 'none' | 'full' | 'fixed', refundAmount: string, perCase: string, casesPerDay: string, perDay: string
}

/** The fields of a draft by their names in the API, where the server says what is wrong. */
export const FIELDS: Record<string, keyof Draft> = {
  name: 'name', program_ids: 'programs', types: 'types', amount_max: 'amountMax', first_in_days: 'first', wait_minutes: 'wait', valid_from: 'from', valid_to: 'to', decision: 'decision',
  template_id: 'template', content: 'content', refund: 'refund', refund_amount: 'refundAmount', max_amount_per_case: 'perCase', max_cases_per_day: 'casesPerDay', max_amount_per_day: 'perDay',
}

const day = (ms: number | null | undefined) => (ms ? beijingDate(ms) : '')
const yuan = (fen: number | null | undefined) => (fen == null ? '' : yuanText(fen))

export function draftOf(r?: RuleInput): Draft {
  return {
    name: r?.name ?? '', programs: [...r?.program_ids ?? []], types: [...r?.types ?? []], amountMax: yuan(r?.amount_max), first: r?.first_in_days ? String(r.first_in_days) : '',
    wait: r ? String(r.wait_minutes ?? 0) : '10', from: day(r?.valid_from), to: r?.valid_to ? day(r.valid_to - 1) : '', decision: (r?.decision ?? 'agree') as Draft['decision'],
    template: r?.template_id ?? '', content: r?.content ?? '', refund: (r?.refund ?? 'none') as Draft['refund'], refundAmount: yuan(r?.refund_amount), perCase: yuan(r?.max_amount_per_case),
    casesPerDay: r ? String(r.max_cases_per_day) : '20', perDay: yuan(r?.max_amount_per_day),
  }
}

const whole = (text: string, most: number) => (/^\d{1,6}$/.test(text.trim()) && Number(text) <= most ? Number(text) : null)

/** What the draft says, for the API, or the fields that are not yet right. The server has the last word. */
export function ruleOf(d: Draft): { body?: RuleInput, wrong: string[] } {
  const wrong: string[] = []
  const need = <T>(field: string, value: T | null, ok = value != null): T => { if (!ok) wrong.push(field); return value as T }
  const money = (field: string, text: string) => { const v = parseYuan(text); return need(field, v, v != null && v > 0) }
  const refunds = d.decision === 'agree' && d.refund !== 'none'
  const end = beijingMidnight(d.to)
  const body: RuleInput = {
    name: need('name', d.name.trim() || null), program_ids: [...d.programs], types: need('types', d.types.length ? [...d.types] : null), amount_max: money('amountMax', d.amountMax),
    first_in_days: d.first.trim() ? need('first', whole(d.first, 365), (whole(d.first, 365) ?? 0) > 0) : null, wait_minutes: need('wait', whole(d.wait || '0', 1440)),
    valid_from: beijingMidnight(d.from), valid_to: end == null ? null : end + 24 * 3600_000, decision: d.decision, template_id: d.template || null,
    content: d.template ? null : need('content', d.content.trim() || null), refund: refunds ? d.refund : 'none', refund_amount: refunds && d.refund === 'fixed' ? money('refundAmount', d.refundAmount) : null,
    max_amount_per_case: refunds ? money('perCase', d.perCase) : null, max_cases_per_day: need('casesPerDay', whole(d.casesPerDay, 100_000), (whole(d.casesPerDay, 100_000) ?? 0) > 0),
    max_amount_per_day: refunds ? money('perDay', d.perDay) : null,
  }
  if (body.valid_from && body.valid_to && body.valid_from >= body.valid_to) wrong.push('to')
  return wrong.length ? { wrong } : { body, wrong }
}

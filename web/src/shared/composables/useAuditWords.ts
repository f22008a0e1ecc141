import { useI18n } from 'vue-i18n'
import type { AuditEntry } from '@/shared/api/types'
import { useFormat } from './useFormat'
import { usePrograms } from './usePrograms'

/** The author of what nobody decided. */
const SYSTEM = 'system'
/** Verbs that say all by themselves. */
const WHOLE: readonly string[] = ['login', 'logout', 'setup', 'login_blocked', 'totp_on', 'totp_off']
/** Ids that tell a reader nothing. */
const HIDDEN: readonly string[] = ['user_id', 'hint', 'complaint_id', 'new']

/** Robots have no address: a list of such receivers says nothing. */
const blank = (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(v => v === '')

/** A line of the audit trail as a sentence; unknown verbs and things are shown as the API names them. */
export function useAuditWords() {
  const { t } = useI18n()
  const { named } = useFormat()
  const { byId } = usePrograms()

  const what = (e: AuditEntry) => {
    const verb = named('verb', e.verb, e.verb)
    if (WHOLE.includes(e.verb)) return verb
    const object = named('object', e.object, e.object)
    // Chinese needs no blank between the two, unless the second begins with Latin letters.
    return t('audit.did', { verb, object: /^[A-Za-z]/.test(object) ? ` ${object}` : object }).replace(/ {2,}/g, ' ')
  }
  const who = (e: AuditEntry) => (e.actor_id === SYSTEM || !e.actor_name ? t('audit.system') : e.actor_name)
  const where = (e: AuditEntry) => (e.program_id ? byId.value.get(e.program_id)?.name || e.program_id : '–')

  const detail = (e: AuditEntry) => Object.entries(e.detail ?? {})
    .filter(([key, value]) => !HIDDEN.includes(key) && !key.endsWith('_before') && value != null && value !== '' && !blank(value))
    .map(([key, value]) => `${named('auditField', key, key)} ${show(key, value)}`)
    .join(t('list.join'))

  function show(key: string, value: unknown): string {
    if (key === 'role') return named('role', String(value), String(value))
    if (key === 'decision') return named('respond', String(value), String(value))
    if (typeof value === 'boolean') return t(value ? 'audit.yes' : 'audit.no')
    if (key === 'events' && Array.isArray(value)) return value.map(v => named('event', String(v).replace('.', '_'), String(v))).join(t('list.join'))
    if (Array.isArray(value)) return value.length ? value.map(v => byId.value.get(String(v))?.name ?? String(v)).join(t('list.join')) : t('audit.all')
    return typeof value === 'object' ? JSON.stringify(value) : String(value)
  }

  return { what, who, where, detail }
}

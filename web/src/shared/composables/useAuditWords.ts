import { useI18n } from 'vue-i18n'
import type { AuditEntry } from '@/shared/api/types'
import { useFormat } from './useFormat'
import { usePrograms } from './usePrograms'

/** A line of the audit trail as a sentence; unknown verbs and things are shown as the API names them. */
export function useAuditWords() {
  const { t } = useI18n()
  const { named } = useFormat()
  const { byId } = usePrograms()

  const what = (e: AuditEntry) => t('audit.did', { verb: named('verb', e.verb, e.verb), object: named('object', e.object, e.object) })
  const where = (e: AuditEntry) => (e.program_id ? byId.value.get(e.program_id)?.name || e.program_id : '–')

  const detail = (e: AuditEntry) => Object.entries(e.detail ?? {})
    .filter(([key, value]) => !key.endsWith('_before') && value != null && value !== '')
    .map(([key, value]) => `${named('auditField', key, key)} ${show(key, value)}`)
    .join(t('list.join'))

  function show(key: string, value: unknown): string {
    if (key === 'role') return named('role', String(value), String(value))
    if (key === 'decision') return named('respond', String(value), String(value))
    if (Array.isArray(value)) return value.length ? value.map(v => byId.value.get(String(v))?.name ?? String(v)).join(t('list.join')) : t('audit.all')
    return typeof value === 'object' ? JSON.stringify(value) : String(value)
  }

  return { what, where, detail }
}

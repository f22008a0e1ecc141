import type { Retention, RetentionSettings } from '@/shared/api/types'

/** What is kept for a time: the setting, and the number of it in a count. */
export const KEPT = [
  { id: 'deliveries', field: 'deliveries_days' }, { id: 'snapshots', field: 'snapshots_days' }, { id: 'images', field: 'images_days' },
  { id: 'originals', field: 'originals_days' }, { id: 'personal', field: 'personal_days' },
] as const satisfies readonly { id: string, field: keyof RetentionSettings }[]

/** Days that the server takes: none at all, or within bounds. */
export const daysFit = (days: unknown, min: number, max: number) => days === 0 || (Number.isInteger(days) && (days as number) >= min && (days as number) <= max)

/** Whether anything is old enough to go. */
export const anythingOld = (n: Retention['now']) => KEPT.some(k => n[k.id] > 0)

/** Whether a run is under way. */
export const goingOn = (kept: Retention | undefined) => !!kept?.last_run && !kept.last_run.finished_at

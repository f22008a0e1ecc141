import type { RetentionSettings } from '@/shared/api/types'

/** What is kept for a time: the setting, and the number of it in a count. */
export const KEPT = [
  { id: 'deliveries', field: 'deliveries_days' }, { id: 'snapshots', field: 'snapshots_days' }, { id: 'images', field: 'images_days' },
  { id: 'originals', field: 'originals_days' }, { id: 'personal', field: 'personal_days' },
] as const satisfies readonly { id: string, field: keyof RetentionSettings }[]

/** Days that the server takes: none at all, or within bounds. */
export const daysFit = (days: unknown, min: number, max: number) => days === 0 || (Number.isInteger(days) && (days as number) >= min && (days as number) <= max)

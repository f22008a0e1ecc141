import type { GapItem } from '@/shared/api/types'

/** What is mended at once, here. */
export const mendsHere = (item: Pick<GapItem, 'fix'>) => ['replay', 'sync', 'import'].includes(item.fix)

/** The page on which an item is looked at or mended; nothing = there is none for this person. */
export function gapPath(item: Pick<GapItem, 'fix' | 'complaint_id' | 'delivery_id' | 'program_id'>, can: (right: 'platform') => boolean): string | null {
  if (item.complaint_id) return `/complaints/${encodeURIComponent(item.complaint_id)}`
  if (item.delivery_id) return `/settings/deliveries?open=${encodeURIComponent(item.delivery_id)}`
  if (item.fix === 'platform') return can('platform') ? '/settings/platform' : null
  return item.program_id ? `/programs?open=${encodeURIComponent(item.program_id)}` : null
}

/** One line for each item, also when two are alike. */
export const gapKey = (i: GapItem) => [i.code, i.program_id, i.complaint_id, i.complaint_order_id, i.delivery_id, i.params.set].join('/')

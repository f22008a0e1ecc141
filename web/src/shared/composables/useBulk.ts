import { useMutation, useQueryClient } from '@tanstack/vue-query'
import { computed, ref } from 'vue'
import { api, newIdempotencyKey, take } from '@/shared/api/client'
import type { BulkInput, BulkPreview, BulkResult } from '@/shared/api/types'
import { complaintKeys } from './useComplaints'

const AT_ONCE = 10

/** One thing done to many cases: looked over first, then sent a few at a time so that each result shows as it comes. */
export function useBulk(ids: () => readonly string[]) {
  const client = useQueryClient()
  const previews = ref<BulkPreview[]>([])
  const results = ref<Map<string, BulkResult>>(new Map())
  const key = ref(newIdempotencyKey())
  const seen = ref('')

  const preview = useMutation({
    mutationFn: (body: Omit<BulkInput, 'ids'>) => take(api.POST('/api/v1/complaints/bulk/preview', { body: { ...body, ids: [...ids()] } })),
    onSuccess: (answer, body) => {
      previews.value = answer.items ?? []
      seen.value = JSON.stringify(body)
      key.value = newIdempotencyKey()
    },
  })

  const send = useMutation({
    async mutationFn(body: Omit<BulkInput, 'ids'>) {
      const shown = new Map(previews.value.map(p => [p.complaint_id, p]))
      const go = previews.value.filter(p => p.ok).map(p => p.complaint_id)
      // Always the same parts under the same keys: sending again after a lost answer does nothing twice.
      for (let i = 0; i < go.length; i += AT_ONCE) {
        const part = go.slice(i, i + AT_ONCE)
        if (part.every(id => results.value.has(id))) continue
        // What was shown is what is sent.
        const contents = Object.fromEntries(part.map(id => [id, shown.get(id)!.text]))
        const answer = await take(api.POST('/api/v1/complaints/bulk', {
          body: { ...body, ids: part, ...(body.kind === 'respond' ? { contents } : {}) }, headers: { 'Idempotency-Key': `${key.value}/${i}` },
        }))
        results.value = new Map([...results.value, ...(answer.results ?? []).map(r => [r.complaint_id, r] as const)])
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: complaintKeys.all }),
  })

  return {
    previews, results, preview, send,
    /** Whether what would be sent is what was looked over. */
    lookedOver: (body: Omit<BulkInput, 'ids'>) => previews.value.length > 0 && seen.value === JSON.stringify(body),
    ready: computed(() => previews.value.filter(p => p.ok).length),
    sent: computed(() => [...results.value.values()].filter(r => r.ok).length),
    failed: computed(() => [...results.value.values()].filter(r => !r.ok).length),
  }
}

import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { DAY } from '@/shared/format/time'
import { REFUND_STATES } from '@/shared/rules/refund'
import type { RefundFilter } from './useRefunds'

/** A day of the address, 2026-03-10, as its first millisecond in local time; nothing for anything else. */
export function dayStart(text: string): number | null {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (!m) return null
  const date = new Date(Number(m[1]), Number(m[2]) - 1, Number(m[3]))
  return Number.isNaN(date.getTime()) ? null : date.getTime()
}

/** What the page of refunds shows is in the address: a copied link shows a colleague the same, back works. */
export function useRefundFilter() {
  const route = useRoute()
  const router = useRouter()
  const part = (name: string) => {
    const value = route.query[name]
    return typeof value === 'string' ? value : ''
  }

  /** Changes some of the address; an empty value takes the part away. */
  function change(more: Record<string, string>, how: 'push' | 'replace' = 'replace') {
    return router[how]({ path: route.path, query: Object.fromEntries(Object.entries({ ...route.query, ...more }).filter(([, v]) => v)) })
  }
  const field = (name: string) => computed({ get: () => part(name), set: (value: string) => { void change({ [name]: value }) } })

  const filter = computed<RefundFilter>(() => {
    const from = dayStart(part('from'))
    const to = dayStart(part('to'))
    const state = REFUND_STATES.find(s => s === part('state'))
    return {
      ...(part('q') ? { q: part('q') } : {}),
      ...(state ? { state } : {}),
      ...(part('program') ? { program_id: part('program') } : {}),
      ...(part('merchant') ? { merchant_id: part('merchant') } : {}),
      ...(part('complaint') ? { complaint_id: part('complaint') } : {}),
      ...(from ? { created_from: from } : {}),
      // The last day counts whole.
      ...(to ? { created_to: to + DAY } : {}),
    }
  })

  return {
    filter,
    narrowed: computed(() => Object.keys(filter.value).length > 0),
    openId: computed(() => part('open')),
    state: field('state'),
    program: field('program'),
    merchant: field('merchant'),
    from: field('from'),
    to: field('to'),
    search: computed(() => part('q')),
    change,
    clear: () => router.replace({ path: route.path }),
    /** The same choice as a download; the server writes the file. */
    exportUrl: (format: 'csv' | 'xlsx') => {
      const query = new URLSearchParams({ format })
      for (const [key, value] of Object.entries(filter.value)) query.set(key, String(value))
      return `/api/v1/refunds/export?${query}`
    },
  }
}

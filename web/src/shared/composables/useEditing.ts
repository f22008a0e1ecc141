import { useQueryClient } from '@tanstack/vue-query'
import { computed, onScopeDispose, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'
import { asProblem } from '@/shared/api/problem'
import type { Complaint } from '@/shared/api/types'
import { useNow } from '@/shared/clock'
import { complaintKeys } from './useComplaints'
import { useSession } from './useSession'

/** The server forgets after a minute. */
const RENEW = 30_000

/** Tells colleagues that somebody is writing, and who else is. It warns; sending on purpose is always possible. */
export function useEditing(complaint: MaybeRefOrGetter<Complaint | undefined>, writing: MaybeRefOrGetter<boolean>) {
  const client = useQueryClient()
  const now = useNow()
  const { userId } = useSession()
  let timer: ReturnType<typeof setInterval> | undefined
  let mine = ''

  const other = computed(() => {
    const e = toValue(complaint)?.editing
    if (e && e.user_id !== userId.value && e.until > now.value) return e.name
    return ''
  })

  async function renew(takeOver = false) {
    const id = toValue(complaint)?.id
    if (!id) return
    try {
      await take(api.POST('/api/v1/complaints/{id}/editing', { params: { path: { id } }, body: { take_over: takeOver } }))
      mine = id
    } catch (error) {
      const p = asProblem(error)
      if (p.status === 409) await client.invalidateQueries({ queryKey: complaintKeys.one(id) })
    }
  }

  function stop() {
    clearInterval(timer)
    timer = undefined
    const id = mine
    mine = ''
    if (id) void api.DELETE('/api/v1/complaints/{id}/editing', { params: { path: { id } } }).catch(() => undefined)
  }

  watch(() => [toValue(complaint)?.id, toValue(writing)] as const, ([id, active]) => {
    stop()
    if (!id || !active) return
    void renew()
    timer = setInterval(() => void renew(), RENEW)
  }, { immediate: true })
  onScopeDispose(stop)

  return { other, takeOver: async () => { await renew(true); await client.invalidateQueries({ queryKey: complaintKeys.all }) } }
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'
import type { Complaint, Revealed } from '@/shared/api/types'
import { useNow } from '@/shared/clock'
import { composerState, stepKey } from '@/shared/rules/answer'
import { countdown, stageStart } from '@/shared/rules/countdown'
import { complaintKeys } from './useComplaints'
import { useFormat } from './useFormat'
import { useSession } from './useSession'

/** One case: its facts, its clock, what may be done now and why not otherwise. Serves the desk pane and the phone page. */
export function useComplaint(id: MaybeRefOrGetter<string>) {
  const client = useQueryClient()
  const now = useNow()
  const { can } = useSession()
  const { moment } = useFormat()

  const query = useQuery({
    queryKey: computed(() => complaintKeys.one(toValue(id))),
    queryFn: () => take(api.GET('/api/v1/complaints/{id}', { params: { path: { id: toValue(id) } } })),
    refetchInterval: 30_000,
    enabled: computed(() => !!toValue(id)),
  })
  const complaint = computed<Complaint | undefined>(() => query.data.value)

  const clock = computed(() => countdown(complaint.value?.due_at, now.value, stageStart(complaint.value)))
  const step = computed(() => {
    const c = complaint.value
    if (!c) return null
    return { key: stepKey(c.stage, !!c.due_at, clock.value.form === 'over', c.legal_actions ?? []), params: { when: moment(c.due_at) } }
  })
  const composer = computed(() => complaint.value ? composerState(complaint.value, can('cases_act')) : null)

  const refresh = () => client.invalidateQueries({ queryKey: complaintKeys.all })

  const sync = useMutation({
    mutationFn: () => take(api.POST('/api/v1/complaints/{id}/sync', { params: { path: { id: toValue(id) } } })),
    onSettled: refresh,
  })

  // What was revealed lives in this page only and goes with the case.
  const revealed = ref<Revealed | null>(null)
  watch(() => toValue(id), () => { revealed.value = null })
  const reveal = useMutation({
    mutationFn: () => take(api.POST('/api/v1/complaints/{id}/reveal', { params: { path: { id: toValue(id) } } })),
    onSuccess: (clear) => { revealed.value = clear },
  })

  return { query, complaint, clock, step, composer, sync, reveal, revealed, refresh, canReveal: computed(() => can('reveal')) }
}

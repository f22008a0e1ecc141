import { useMutation, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, take } from '@/shared/api/client'
import type { Complaint } from '@/shared/api/types'
import { throughLink } from '@/shared/link'
import { complaintKeys } from './useComplaints'
import { useFormat } from './useFormat'
import { useSession } from './useSession'

/** “我已看到”: tells the others that somebody knows of the case, and stops the escalation until the case asks for something else. */
export function useAcknowledge(complaint: MaybeRefOrGetter<Complaint | undefined>) {
  const client = useQueryClient()
  const { t } = useI18n()
  const { moment } = useFormat()
  const { can } = useSession()
  const seen = computed(() => toValue(complaint)?.acknowledged ?? null)
  const send = useMutation({
    mutationFn: () => take(api.POST('/api/v1/complaints/{id}/acknowledge', { params: { path: { id: toValue(complaint)?.id ?? '' } } })),
    onSettled: () => client.invalidateQueries({ queryKey: complaintKeys.all }),
  })
  return {
    /** Only what asks the merchant for something can be seen in this sense. */
    possible: computed(() => !seen.value && !!toValue(complaint)?.stage.startsWith('to_') && (can('cases_act') || throughLink.value)),
    text: computed(() => (seen.value ? t('ack.by', { name: seen.value.by, when: moment(seen.value.at) }) : '')),
    send,
  }
}

import { useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'
import type { AnswerKind } from '@/shared/rules/answer'

/** Texts to choose from, filled in for a case, and the evidence that usually helps. */
export function useAdvice(complaint: MaybeRefOrGetter<string>, kind: MaybeRefOrGetter<AnswerKind>, wanted: MaybeRefOrGetter<boolean>) {
  return useQuery({
    queryKey: computed(() => ['advice', toValue(complaint), toValue(kind)] as const),
    queryFn: () => take(api.GET('/api/v1/complaints/{id}/advice', { params: { path: { id: toValue(complaint) }, query: { kind: toValue(kind) } } })),
    enabled: computed(() => !!toValue(complaint) && toValue(wanted)),
    staleTime: 60_000,
  })
}

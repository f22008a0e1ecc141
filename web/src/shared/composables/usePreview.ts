import { computed } from 'vue'
import type { useAnswer } from './useAnswer'

/** What the bubble shows of an answer that is being written. */
export function usePreview(answer: ReturnType<typeof useAnswer>) {
  return computed(() => ({
    kind: answer.kind.value,
    decision: answer.decision.value,
    text: answer.text.value,
    pictures: answer.pictures.items.value.flatMap(i => (i.picture ? [i.picture] : [])),
  }))
}

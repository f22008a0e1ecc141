import { onScopeDispose, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { now } from '@/shared/clock'
import { readDraft, removeDraft, writeDraft, type Picture } from '@/shared/drafts'

/** The text and decision being written, kept in this browser until they are sent: a closed page loses nothing. */
export function useDraft(owner: MaybeRefOrGetter<string>, complaint: MaybeRefOrGetter<string>, kind: MaybeRefOrGetter<string>) {
  const text = ref('')
  const decision = ref<string | null>(null)
  const pictures = ref<Picture[]>([])
  const kept = ref<'empty' | 'saved' | 'refused'>('empty')
  let place: [string, string, string] | null = null
  let savedAt = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let loading = false

  function save() {
    clearTimeout(timer)
    timer = undefined
    if (!place) return
    savedAt = now()
    const ok = writeDraft(...place, { text: text.value, decision: decision.value, pictures: pictures.value, at: savedAt })
    kept.value = !ok ? 'refused' : text.value.trim() || pictures.value.length ? 'saved' : 'empty'
  }

  watch(() => [toValue(owner), toValue(complaint), toValue(kind)] as const, ([o, c, k]) => {
    if (timer) save()
    place = o && c ? [o, c, k] : null
    const draft = place ? readDraft(...place) : null
    loading = true
    text.value = draft?.text ?? ''
    decision.value = draft?.decision ?? null
    pictures.value = draft?.pictures ?? []
    savedAt = draft?.at ?? 0
    kept.value = draft ? 'saved' : 'empty'
    loading = false
  }, { immediate: true, flush: 'sync' })

  watch([text, decision, pictures], () => {
    if (loading) return
    clearTimeout(timer)
    timer = setTimeout(save, 300)
  }, { flush: 'sync' })

  function discard() {
    clearTimeout(timer)
    timer = undefined
    if (place) removeDraft(...place)
    loading = true
    text.value = ''
    decision.value = null
    pictures.value = []
    kept.value = 'empty'
    loading = false
  }

  /** An answer that was sent after this text was written, perhaps from another page: the text has done its work. */
  function discardIfOlderThan(at: number) {
    if (savedAt && at > savedAt) discard()
  }

  // A page that is closed in the middle of a sentence still keeps it.
  const flush = () => { if (timer) save() }
  window.addEventListener('pagehide', flush)
  onScopeDispose(() => {
    flush()
    window.removeEventListener('pagehide', flush)
  })

  return { text, decision, pictures, kept, discard, discardIfOlderThan }
}

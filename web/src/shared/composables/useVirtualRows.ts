import { computed, onBeforeUnmount, onMounted, ref, toValue, type MaybeRefOrGetter, type Ref } from 'vue'

/** Which rows of equal height to draw, so that a list of 200,000 costs as much as one of twenty. */
export function useVirtualRows(frame: Ref<HTMLElement | null>, count: MaybeRefOrGetter<number>, rowHeight: number, spare = 6) {
  const top = ref(0)
  const height = ref(800)
  let observer: ResizeObserver | undefined

  const measure = () => {
    if (!frame.value) return
    top.value = frame.value.scrollTop
    height.value = frame.value.clientHeight || height.value
  }

  onMounted(() => {
    frame.value?.addEventListener('scroll', measure, { passive: true })
    if (frame.value && typeof ResizeObserver !== 'undefined') {
      observer = new ResizeObserver(measure)
      observer.observe(frame.value)
    }
    measure()
  })
  onBeforeUnmount(() => {
    frame.value?.removeEventListener('scroll', measure)
    observer?.disconnect()
  })

  const from = computed(() => Math.max(0, Math.floor(top.value / rowHeight) - spare))
  const to = computed(() => Math.min(toValue(count), Math.ceil((top.value + height.value) / rowHeight) + spare))

  function show(index: number) {
    const box = frame.value
    if (!box || index < 0) return
    const start = index * rowHeight
    if (start < box.scrollTop) box.scrollTop = start
    else if (start + rowHeight > box.scrollTop + box.clientHeight) box.scrollTop = start + rowHeight - box.clientHeight
  }

  return {
    from,
    to,
    before: computed(() => from.value * rowHeight),
    total: computed(() => toValue(count) * rowHeight),
    nearEnd: computed(() => toValue(count) > 0 && to.value >= toValue(count) - spare),
    show,
  }
}

import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

/** Something that floats: closes with Escape and with a click beside it. */
export function useDismiss(box: Ref<HTMLElement | null>) {
  const open = ref(false)
  const onPointer = (e: PointerEvent) => {
    if (open.value && box.value && e.target instanceof Node && !box.value.contains(e.target)) open.value = false
  }
  const onKey = (e: KeyboardEvent) => {
    if (!open.value || e.key !== 'Escape') return
    open.value = false
    e.preventDefault()
    box.value?.querySelector('button')?.focus()
  }
  onMounted(() => {
    document.addEventListener('pointerdown', onPointer)
    document.addEventListener('keydown', onKey)
  })
  onBeforeUnmount(() => {
    document.removeEventListener('pointerdown', onPointer)
    document.removeEventListener('keydown', onKey)
  })
  return { open }
}

import { onBeforeUnmount, onMounted } from 'vue'

/** Single keys of a page, silent while somebody writes, while a dialog or a picture is open, or with a modifier held. */
export function useHotkeys(keys: Record<string, (event: KeyboardEvent) => void>) {
  function onKey(event: KeyboardEvent) {
    if (event.defaultPrevented || event.isComposing || event.metaKey || event.ctrlKey || event.altKey) return
    const action = keys[event.key]
    if (!action) return
    if (writing(event.target) || document.querySelector('[aria-modal="true"], .el-image-viewer__wrapper')) return
    action(event)
  }
  onMounted(() => document.addEventListener('keydown', onKey))
  onBeforeUnmount(() => document.removeEventListener('keydown', onKey))
}

function writing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
}

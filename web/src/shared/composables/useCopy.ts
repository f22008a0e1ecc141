import { onScopeDispose, ref } from 'vue'

/** Copies a text and says so for two seconds. `failed` = the browser did not allow it; the text then has to be marked by hand. */
export function useCopy() {
  const state = ref<'idle' | 'copied' | 'failed'>('idle')
  let timer: ReturnType<typeof setTimeout> | undefined

  async function copy(text: string) {
    clearTimeout(timer)
    state.value = (await write(text)) ? 'copied' : 'failed'
    timer = setTimeout(() => { state.value = 'idle' }, 2000)
  }

  onScopeDispose(() => clearTimeout(timer))
  return { state, copy }
}

async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return writeOldWay(text)
  }
}

// navigator.clipboard exists only on https; an installation in the own network may be opened by plain http.
function writeOldWay(text: string): boolean {
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'sr'
  document.body.append(field)
  field.select()
  try {
    return document.execCommand('copy')
  } catch {
    return false
  } finally {
    field.remove()
  }
}

import { onScopeDispose, ref, type Ref } from 'vue'

// A device's clock may be wrong by hours, and here the clock is the interface: the answers' Date header tells by how much.
let offset = 0
const TOLERATED = 30_000

export function noteServerDate(header: string | null): void {
  if (!header) return
  const server = Date.parse(header)
  if (Number.isNaN(server)) return
  const difference = server - Date.now()
  offset = Math.abs(difference) > TOLERATED ? difference : 0
}

export function now(): number {
  return Date.now() + offset
}

const current = ref(now())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

function tick() {
  current.value = now()
}

/** The present moment, moving on every 5 seconds and whenever the page is looked at again; one timer for the whole page. */
export function useNow(): Ref<number> {
  if (users++ === 0) {
    tick()
    timer = setInterval(tick, 5_000)
    document.addEventListener('visibilitychange', tick)
  }
  onScopeDispose(() => {
    if (--users > 0) return
    clearInterval(timer)
    document.removeEventListener('visibilitychange', tick)
  })
  return current
}

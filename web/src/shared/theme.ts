import { ref } from 'vue'

/** Dark follows the system; Element Plus and our tokens read the class on <html>, Vant the value here. */
const system = window.matchMedia('(prefers-color-scheme: dark)')
export const dark = ref(system.matches)

function apply() {
  dark.value = system.matches
  document.documentElement.classList.toggle('dark', system.matches)
}

export function followSystemTheme(): void {
  apply()
  system.addEventListener('change', apply)
}

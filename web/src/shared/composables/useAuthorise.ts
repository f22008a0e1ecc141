import { computed, ref, toValue, type MaybeRefOrGetter } from 'vue'
import { useCopy } from './useCopy'
import { useFormat } from './useFormat'
import { useProgramActions } from './usePrograms'

/** The way to WeChat's authorisation page, for a new program or to renew one: go there oneself, or copy the link for the administrator who holds the phone. */
export function useAuthorise(program: MaybeRefOrGetter<string> = '') {
  const { authorise } = useProgramActions()
  const { problem } = useFormat()
  const { state: copied, copy } = useCopy()
  const link = ref('')
  const fault = computed(() => (authorise.isError.value ? problem(authorise.error.value) : ''))

  async function make(): Promise<string> {
    link.value = await authorise.mutateAsync(toValue(program)).catch(() => '')
    return link.value
  }

  async function go() {
    const url = await make()
    if (url) window.location.assign(url)
  }

  async function share() {
    const url = await make()
    if (url) await copy(url)
  }

  return { make, go, share, copied, link, fault, busy: authorise.isPending }
}

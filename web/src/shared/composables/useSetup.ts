import { computed, onMounted, ref } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { isAddress } from '@/shared/rules/mail'
import { PASSWORD_MIN } from '@/shared/rules/password'
import { useFormat } from './useFormat'
import { setupNeeded, useSession } from './useSession'

/**
 * First start: makes the owner with the one-time link. Its token stands behind the # of the address, so it is never sent to a server as part
 * of an address and stays out of logs; it leaves the address bar at once.
 */
export function useSetup() {
  const route = useRoute()
  const router = useRouter()
  const { setUp } = useSession()
  const { problem } = useFormat()

  const token = new URLSearchParams(route.hash.replace(/^#/, '')).get('token') ?? ''
  const state = ref<'asking' | 'form' | 'noToken' | 'done'>('asking')
  const email = ref('')
  const name = ref('')
  const password = ref('')
  const again = ref('')
  const fault = ref('')
  const tooShort = computed(() => password.value !== '' && password.value.length < PASSWORD_MIN)
  const differs = computed(() => again.value !== '' && again.value !== password.value)
  const ready = computed(() => isAddress(email.value) && name.value.trim() !== '' && password.value.length >= PASSWORD_MIN && again.value === password.value)

  onMounted(async () => {
    if (token) window.history.replaceState(window.history.state, '', '/setup')
    const needed = await setupNeeded().catch((error: unknown) => {
      fault.value = problem(error)
      return true
    })
    state.value = !needed ? 'done' : token ? 'form' : 'noToken'
  })

  async function submit() {
    if (!ready.value || setUp.isPending.value) return
    fault.value = ''
    try {
      await setUp.mutateAsync({ token, email: email.value.trim(), name: name.value.trim(), password: password.value })
      await router.replace('/programs')
    } catch (error) {
      fault.value = problem(error)
    }
  }

  return { state, email, name, password, again, differs, tooShort, ready, busy: setUp.isPending, fault, submit }
}

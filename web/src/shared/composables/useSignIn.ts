import { computed, onMounted, ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute, useRouter } from 'vue-router'
import { asProblem, type ApiProblem } from '@/shared/api/problem'
import { safeNext } from '@/shared/router'
import { useFormat } from './useFormat'
import { setupNeeded, useSession } from './useSession'

/** The form at the door. The field for the one-time code appears when the account asks for one. */
export function useSignIn() {
  const route = useRoute()
  const router = useRouter()
  const { signIn } = useSession()
  const { problem } = useFormat()
  const { t, locale } = useI18n()

  const email = ref('')
  const password = ref('')
  const otp = ref('')
  const wantsOtp = ref(false)
  const fresh = ref(false)
  const fault = ref('')
  const ready = computed(() => email.value.trim() !== '' && password.value !== '' && (!wantsOtp.value || /^\d{6}$/.test(otp.value.trim())))

  async function submit() {
    if (!ready.value || signIn.isPending.value) return
    fault.value = ''
    try {
      await signIn.mutateAsync({ email: email.value.trim(), password: password.value, ...(wantsOtp.value ? { otp: otp.value.trim() } : {}) })
      await router.replace(safeNext(route.query.next))
    } catch (error) {
      if (asProblem(error).code === 'otp_required' && !wantsOtp.value) wantsOtp.value = true
      else fault.value = refusal(asProblem(error))
    }
  }

  // At the door a 401 is a wrong password, not a session that ended.
  const refusal = (p: ApiProblem) => (p.status === 401 && locale.value !== 'zh-CN' ? t(wantsOtp.value ? 'problem.bad_otp' : 'problem.bad_login') : problem(p))

  onMounted(async () => { fresh.value = await setupNeeded().catch(() => false) })

  return { email, password, otp, wantsOtp, ready, busy: signIn.isPending, fault, submit, fresh }
}

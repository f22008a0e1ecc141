import { computed, reactive, ref, watch } from 'vue'
import type { Merchant, MerchantInput, MerchantInspection } from '@/shared/api/types'
import { base64, isP12, merchantFault, pemOf, type MerchantDraft } from '@/shared/rules/merchant'
import { useMerchants } from './useMerchants'
import { usePrograms, useProgramActions } from './usePrograms'

/** A merchant being written: files and pasted PEM come in, what is in them is shown before anything is kept. */
export function useMerchantForm(merchant: Merchant | null) {
  const { add, change, check, inspect, again } = useMerchants()
  const { programs } = usePrograms()
  const { setMerchant } = useProgramActions()

  const x = reactive<MerchantDraft>({
    mode: merchant?.mode ?? 'direct', name: merchant?.name ?? '', mchid: merchant?.mchid ?? '', sp_mchid: merchant?.sp_mchid ?? '', api_v3_key: '', pem: '', p12: '', p12_password: '',
    verify: merchant?.verify.mode ?? 'public_key', public_key_id: merchant?.verify.mode === 'public_key' ? merchant.verify.serial_or_id ?? '' : '', public_key_pem: '',
  })
  const p12Name = ref('')
  const unreadable = ref(false)
  const programIds = ref<string[]>([...(merchant?.program_ids ?? [])])
  const kept = { api_v3_key: !!merchant?.has_api_v3_key, private_key: !!merchant?.has_private_key, public_key: merchant?.verify.mode === 'public_key' }
  const fault = computed(() => merchantFault(x, kept))
  const found = ref<MerchantInspection | null>(null)
  const busy = computed(() => add.isPending.value || change.isPending.value || setMerchant.isPending.value)

  let timer: ReturnType<typeof setTimeout> | undefined
  watch(() => [x.pem, x.p12, x.p12_password], () => {
    clearTimeout(timer)
    found.value = null
    inspect.reset()
    if (!x.pem.trim() && !x.p12) return
    timer = setTimeout(() => { void look() }, 400)
  })

  async function look() {
    const part = x.p12 ? credentials() : { pem: pemOf(x.pem, 'certificate') || x.pem, ...(pemOf(x.pem, 'certificate') ? { private_key_pem: pemOf(x.pem, 'private_key') } : {}) }
    found.value = await inspect.mutateAsync(part).catch(() => null)
    // A certificate names its merchant: one number less to type.
    if (found.value?.mchid && !x.mchid) x.mchid = found.value.mchid
  }

  async function read(files: readonly File[]) {
    unreadable.value = false
    try {
      for (const file of files) {
        if (isP12(file.name)) {
          x.p12 = base64(new Uint8Array(await file.arrayBuffer()))
          p12Name.value = file.name
        } else {
          x.pem = [x.pem.trimEnd(), await file.text()].filter(Boolean).join('\n')
        }
      }
    } catch {
      unreadable.value = true
    }
  }

  function dropP12() {
    x.p12 = x.p12_password = p12Name.value = ''
  }

  /** What is empty is left out and so stays as it is. */
  function credentials() {
    if (x.p12) return { p12_base64: x.p12, p12_password: x.p12_password || x.mchid.trim() }
    return x.pem.trim() ? { private_key_pem: pemOf(x.pem, 'private_key'), cert_pem: pemOf(x.pem, 'certificate') } : {}
  }

  function body(): MerchantInput {
    return {
      name: x.name.trim(), mchid: x.mchid.trim(), sp_mchid: x.mode === 'partner' ? x.sp_mchid.trim() : '',
      ...(x.api_v3_key ? { api_v3_key: x.api_v3_key.trim() } : {}),
      ...credentials(),
      verify: x.verify === 'public_key'
        ? { mode: 'public_key', serial_or_id: x.public_key_id.trim(), ...(x.public_key_pem.trim() ? { pem: pemOf(x.public_key_pem, 'public_key') } : {}) }
        : { mode: 'platform_cert' },
    }
  }

  async function store() {
    const saved = merchant ? await change.mutateAsync({ id: merchant.id, body: body() }) : await add.mutateAsync(body())
    const before = new Set(merchant?.program_ids ?? [])
    const after = new Set(programIds.value)
    for (const p of programs.value) {
      if (after.has(p.id) !== before.has(p.id)) await setMerchant.mutateAsync({ id: p.id, merchantId: after.has(p.id) ? saved.id : null })
    }
    // The check may take its time; what it says is on the card.
    check.mutate(saved.id)
    await again()
  }

  return {
    x,
    p12Name,
    unreadable,
    programIds,
    programs,
    kept,
    fault,
    found,
    inspecting: inspect.isPending,
    inspectError: inspect.error,
    busy,
    error: computed(() => add.error.value ?? change.error.value ?? setMerchant.error.value),
    read,
    dropP12,
    store,
  }
}

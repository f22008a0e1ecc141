import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, take } from '@/shared/api/client'
import type { Program } from '@/shared/api/types'
import { throughLink } from '@/shared/link'
import { needsHelp } from '@/shared/rules/program'

const KEY = ['programs'] as const

/** All programs in scope; a provider has some hundreds, so they are read whole, page by page. */
async function readAll(): Promise<Program[]> {
  const all: Program[] = []
  let cursor = ''
  do {
    const page = await take(api.GET('/api/v1/programs', { params: { query: { limit: 200, ...(cursor ? { cursor } : {}) } } }))
    all.push(...page.items ?? [])
    cursor = page.next_cursor ?? ''
  } while (cursor)
  return all
}

export function usePrograms() {
  const query = useQuery({ queryKey: KEY, queryFn: readAll, refetchInterval: 30_000, staleTime: 10_000, enabled: computed(() => !throughLink.value) })
  const programs = computed<Program[]>(() => query.data.value ?? [])
  const broken = computed(() => programs.value.filter(needsHelp))
  const byId = computed(() => new Map(programs.value.map(p => [p.id, p])))
  return { query, programs, broken, byId, nameOf: (id: string | null | undefined) => (id && byId.value.get(id)?.name) || null }
}

export function useProgram(id: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: computed(() => [...KEY, toValue(id)] as const),
    queryFn: () => take(api.GET('/api/v1/programs/{id}', { params: { path: { id: toValue(id) } } })),
    enabled: computed(() => !!toValue(id)),
  })
}

export function useProgramActions() {
  const client = useQueryClient()
  const again = () => client.invalidateQueries({ queryKey: KEY })

  /** A fresh link to WeChat's authorisation page; it lives some minutes only, so it is made at the click. */
  const authorise = useMutation({ mutationFn: async (program: string) => (await take(api.POST('/api/v1/programs/authorizations', { body: program ? { program_id: program } : {} }))).url })

  const refresh = useMutation({
    mutationFn: (id: string) => take(api.POST('/api/v1/programs/{id}/refresh', { params: { path: { id } } })),
    onSettled: again,
  })

  const setState = useMutation({
    mutationFn: ({ id, state }: { id: string, state: 'active' | 'disabled' }) =>
      take(api.PATCH('/api/v1/programs/{id}', { params: { path: { id } }, body: { state } })),
    onSettled: again,
  })

  /** The merchant that refunds of a program are paid from; nothing = none, and then no refund is possible. */
  const setMerchant = useMutation({
    mutationFn: ({ id, merchantId }: { id: string, merchantId: string | null }) =>
      take(api.PATCH('/api/v1/programs/{id}', { params: { path: { id } }, body: { merchant_id: merchantId ?? '' } })),
    onSettled: again,
  })

  /** Tags, and who has the program's new complaints; an empty owner is nobody. */
  const care = useMutation({
    mutationFn: ({ id, body }: { id: string, body: { tags?: string[], owner_id?: string } }) => take(api.PATCH('/api/v1/programs/{id}', { params: { path: { id } }, body })),
    onSettled: again,
  })

  return { authorise, refresh, setState, setMerchant, care }
}

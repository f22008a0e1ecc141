import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { api, take } from '@/shared/api/client'
import type { Template, TemplateInput } from '@/shared/api/types'

/** Variables the server fills in. */
export const VARIABLES = ['{商品}', '{金额}', '{订单号}', '{退款单号}', '{快递单号}', '{小程序}', '{剩余时间}'] as const

/** 话术: texts to choose from. */
export function useTemplates() {
  const client = useQueryClient()
  const query = useQuery({ queryKey: ['templates'], queryFn: () => take(api.GET('/api/v1/templates')) })
  const templates = computed<Template[]>(() => query.data.value?.items ?? [])
  const again = () => Promise.all([client.invalidateQueries({ queryKey: ['templates'] }), client.invalidateQueries({ queryKey: ['advice'] })])
  const save = useMutation({
    mutationFn: ({ id, body }: { id?: string, body: TemplateInput }) => (id
      ? take(api.PATCH('/api/v1/templates/{id}', { params: { path: { id } }, body }))
      : take(api.POST('/api/v1/templates', { body }))),
    onSettled: again,
  })
  const remove = useMutation({
    mutationFn: (id: string) => take(api.DELETE('/api/v1/templates/{id}', { params: { path: { id } } })),
    onSettled: again,
  })
  return { query, templates, save, remove }
}

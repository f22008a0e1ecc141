import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import type { IconName } from '@/shared/components/icons'
import type { useAnswer } from './useAnswer'

/** What became of an answer, in people's words; codes stay behind “details”. */
export function useAnswerWords(answer: ReturnType<typeof useAnswer>) {
  const { t, te, locale } = useI18n()
  const state = computed(() => answer.phase.value)
  const failure = computed(() => answer.action.value?.error ?? null)

  const icon = computed<IconName>(() => (state.value === 'done' ? 'ok' : state.value === 'failed' ? 'warn' : 'sync'))
  const title = computed(() => (answer.movedOn.value ? t('answer.movedOnTitle') : t(`answer.title.${state.value}`)))
  const text = computed(() => {
    if (state.value !== 'failed') return t(`answer.text.${state.value}`)
    if (answer.movedOn.value) return t('answer.movedOn')
    const own = failure.value
    const local = own && te(`problem.${own.code}`) ? t(`problem.${own.code}`, { n: 60 }) : ''
    return (locale.value === 'zh-CN' ? own?.text || local : local || own?.text) || t('answer.text.failed')
  })
  const details = computed(() => {
    const own = failure.value
    if (!own || state.value !== 'failed') return ''
    return [own.code, own.wechat_errcode != null ? `errcode ${own.wechat_errcode}` : '', own.rid ? `rid ${own.rid}` : ''].filter(Boolean).join(' · ')
  })

  return { icon, turning: computed(() => ['queued', 'running', 'unknown'].includes(state.value)), title, text, details }
}

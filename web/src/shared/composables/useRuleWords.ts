import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Rule } from '@/shared/api/types'
import { beijingDay } from '@/shared/format/day'
import { formatFen } from '@/shared/format/money'
import { sentence, type Names } from '@/shared/rules/rule'
import { useFormat } from './useFormat'
import { usePrograms } from './usePrograms'
import { useTemplates } from './useTemplates'

/** A rule as the sentence it is read as: in pieces for its page, as plain text elsewhere. */
export function useRuleWords() {
  const { t } = useI18n()
  const { named } = useFormat()
  const { nameOf } = usePrograms()
  const { templates } = useTemplates()
  const names = computed<Names>(() => ({
    program: id => nameOf(id) ?? t('rule.goneProgram'), type: code => named('type', code), template: id => templates.value.find(p => p.id === id)?.name ?? t('rule.goneTemplate'),
    money: formatFen, day: ms => t('rule.day', beijingDay(ms)), join: t('list.join'),
  }))
  const pieces = (r: Rule) => sentence(r, names.value)
  return { pieces, plain: (r: Rule) => pieces(r).map(p => t(p.key, p.params ?? {})).join('') }
}

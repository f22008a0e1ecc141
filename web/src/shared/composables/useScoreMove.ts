import { useI18n } from 'vue-i18n'
import { moveOf } from '@/shared/rules/program'

/** How a score moved in 30 days, in words; empty when there is nothing to compare with. */
export function useScoreMove() {
  const { t } = useI18n()
  return (p: Parameters<typeof moveOf>[0]) => {
    const move = moveOf(p)
    return move ? t(`programPart.move.${move.kind}`, { n: move.n }) : ''
  }
}

export interface ProgramHealth {
  state: string
  missing?: readonly { required: boolean }[] | null
  mode?: string
  last_error?: string | null
}

/** A program whose own AppSecret does not work: pushes come, and nothing can be read or answered. */
export const secretBroken = (p: ProgramHealth) => p.mode === 'direct' && !!p.last_error

/** Broken = complaints do not arrive or cannot be answered until somebody does something. Disabled on purpose is not broken. */
export function needsHelp(p: ProgramHealth): boolean {
  if (p.state === 'disabled') return false
  return p.state === 'revoked' || secretBroken(p) || (p.missing ?? []).some(m => m.required)
}

export type ProgramGroup = 'all' | 'healthy' | 'broken' | 'disabled'

export function inGroup(p: ProgramHealth, group: ProgramGroup): boolean {
  if (group === 'all') return true
  if (group === 'disabled') return p.state === 'disabled'
  return p.state !== 'disabled' && needsHelp(p) === (group === 'broken')
}

/** Broken first, then by name; healthy ones need no order of their own. */
export function byNeed<P extends ProgramHealth & { name?: string | null }>(a: P, b: P): number {
  const rank = (p: P) => (needsHelp(p) ? 0 : p.state === 'disabled' ? 2 : 1)
  return rank(a) - rank(b) || (a.name ?? '').localeCompare(b.name ?? '', 'zh-CN')
}

/** What may be narrowed to programs, and by tags: rules and subscriptions. Nothing named = all. */
export interface Narrowed { program_ids?: readonly string[] | null, tags?: readonly string[] | null }

export function concerns(x: Narrowed, p: { id: string, tags?: readonly string[] | null }): boolean {
  return (!x.program_ids?.length || x.program_ids.includes(p.id)) && (!x.tags?.length || x.tags.some(tag => p.tags?.includes(tag)))
}

/** How the score moved lately; nothing when there is nothing to compare with. */
export function moveOf(p: { score_change?: number | null }): { kind: 'up' | 'down' | 'flat', n: number } | null {
  if (p.score_change == null) return null
  return { kind: p.score_change > 0 ? 'up' : p.score_change < 0 ? 'down' : 'flat', n: Math.abs(p.score_change) }
}

/** The checks of the way to the first program. Those that only come true afterwards do not stand in its way. */
export interface Check { id: string, state: string, text: string }

const AFTERWARDS = ['messages', 'public_url']

/** The first check that still keeps the authorisation from working; nothing = the way is free. */
export function blocking<C extends Check>(checks: readonly C[]): C | null {
  const before = checks.filter(c => !AFTERWARDS.includes(c.id))
  return before.find(c => c.state === 'failed') ?? before.find(c => c.state !== 'ok') ?? null
}

/** Cases that can be chosen at a time; what the API takes. */
export const MOST = 200

/** Chooses one, or with the last one chosen everything between, in the order of the list. */
export function toggled(chosen: ReadonlySet<string>, order: readonly string[], id: string, anchor: string | null): Set<string> {
  const out = new Set(chosen)
  const from = anchor === null ? -1 : order.indexOf(anchor)
  const to = order.indexOf(id)
  if (from >= 0 && to >= 0 && from !== to) {
    for (const x of order.slice(Math.min(from, to), Math.max(from, to) + 1)) if (out.size < MOST) out.add(x)
    return out
  }
  if (out.has(id)) out.delete(id)
  else if (out.size < MOST) out.add(id)
  return out
}

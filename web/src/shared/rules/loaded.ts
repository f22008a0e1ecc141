/** What is loaded of a list that is read page by page, newest answer first. */
export interface Loaded<T> { items: T[], cursor: string }

/**
 * Puts a fresh first page over what was loaded. Rows further down stay loaded as long as the fresh page ends at a row that is known; otherwise they are forgotten and
 * come again page by page. So refreshing costs one page, however much was scrolled through.
 */
export function withHead<T extends { id: string }>(old: Loaded<T> | null, head: readonly T[], cursor: string): Loaded<T> {
  const last = head.at(-1)
  const at = old && last && cursor ? old.items.findIndex(x => x.id === last.id) : -1
  if (!old || at < 0 || at === old.items.length - 1) return { items: [...head], cursor }
  const fresh = new Set(head.map(x => x.id))
  return { items: [...head, ...old.items.slice(at + 1).filter(x => !fresh.has(x.id))], cursor: old.cursor }
}

/** Appends the next page; a row that has moved down since is not shown twice. */
export function withNext<T extends { id: string }>(old: Loaded<T>, page: readonly T[], cursor: string): Loaded<T> {
  const recent = new Set(old.items.slice(-400).map(x => x.id))
  return { items: old.items.concat(page.filter(x => !recent.has(x.id))), cursor }
}

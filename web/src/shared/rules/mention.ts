export interface Named { id: string, name: string }

/** What is being typed after an @ before the caret; null when nobody is being named. */
export function namingAt(text: string, caret: number): { from: number, typed: string } | null {
  const from = text.lastIndexOf('@', caret - 1)
  if (from < 0) return null
  const typed = text.slice(from + 1, caret)
  return /[\s@]/.test(typed) || typed.length > 20 ? null : { from, typed }
}

/** The people whose @name stands in a text. A name that begins with another one is not taken for it. */
export function namedIn<T extends Named>(text: string, people: readonly T[]): T[] {
  const found = new Set(split(text, people.map(p => p.name)).filter(s => s.named).map(s => s.text.slice(1)))
  return people.filter(p => found.has(p.name))
}

/** A text in parts, the @names apart. */
export function split(text: string, names: readonly string[]): { text: string, named: boolean }[] {
  const longest = [...new Set(names)].filter(Boolean).sort((a, b) => b.length - a.length)
  const out: { text: string, named: boolean }[] = []
  let plain = ''
  for (let i = 0; i < text.length;) {
    const name = text[i] === '@' ? longest.find(n => text.startsWith(n, i + 1)) : undefined
    if (name === undefined) {
      plain += text[i++]
      continue
    }
    if (plain) out.push({ text: plain, named: false })
    plain = ''
    out.push({ text: `@${name}`, named: true })
    i += name.length + 1
  }
  if (plain) out.push({ text: plain, named: false })
  return out
}

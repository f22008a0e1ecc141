/** Long ids keep their beginning and end: 4200…0638. */
export function shortId(id: string | null | undefined, head = 4, tail = 4): string {
  if (!id) return '–'
  return id.length <= head + tail + 1 ? id : `${id.slice(0, head)}…${id.slice(-tail)}`
}

/** Characters as a person counts them: one for each sign, an emoji is one. */
export function countCharacters(text: string): number {
  return [...text.normalize('NFC')].length
}

/** The sign drawn in place of a missing picture of a program or a person. */
export function initial(name: string | null | undefined): string {
  const first = [...(name ?? '').trim()][0]
  return first ? first.toUpperCase() : '?'
}

/** One of eight quiet grounds, always the same for the same id. */
export function groundOf(id: string): number {
  let h = 0
  for (const ch of id) h = (h * 31 + (ch.codePointAt(0) ?? 0)) >>> 0
  return h % 8
}

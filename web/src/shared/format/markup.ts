/**
 * Lays out a raw push for reading. Nothing is parsed into values: numbers longer than JavaScript can hold, odd escapes and broken ends come
 * out exactly as WeChat wrote them, only with line breaks between the parts.
 */
export type Markup = 'xml' | 'json' | 'text'

export function markupOf(text: string): Markup {
  const start = text.trimStart()[0]
  return start === '<' ? 'xml' : start === '{' || start === '[' ? 'json' : 'text'
}

export function layOut(text: string): string {
  const kind = markupOf(text)
  return kind === 'xml' ? layOutXml(text.trim()) : kind === 'json' ? layOutJson(text.trim()) : text
}

const pad = (depth: number) => '  '.repeat(Math.max(0, depth))

/** A string of JSON, a bracket, a comma or colon, or whatever stands between them. */
const JSON_PARTS = /"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s{}[\],:"]+/g

function layOutJson(text: string): string {
  const parts = text.match(JSON_PARTS) ?? []
  let out = ''
  let depth = 0
  for (const [i, part] of parts.entries()) {
    if (part === '{' || part === '[') {
      const empty = parts[i + 1] === '}' || parts[i + 1] === ']'
      depth++
      out += empty ? part : `${part}\n${pad(depth)}`
    } else if (part === '}' || part === ']') {
      depth--
      const empty = parts[i - 1] === '{' || parts[i - 1] === '['
      out += empty ? part : `\n${pad(depth)}${part}`
    } else if (part === ',') {
      out += `,\n${pad(depth)}`
    } else {
      out += part === ':' ? ': ' : part
    }
  }
  return out
}

/** A CDATA section, a comment, a tag, or text. */
const XML_PARTS = /<!\[CDATA\[[\s\S]*?\]\]>|<!--[\s\S]*?-->|<[^>]*>|[^<]+/g

function layOutXml(text: string): string {
  const parts = (text.match(XML_PARTS) ?? []).map(p => p.trim()).filter(Boolean)
  const lines: string[] = []
  let depth = 0
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!
    if (isClosing(part)) {
      lines.push(pad(--depth) + part)
    } else if (!isOpening(part)) {
      lines.push(pad(depth) + part)
    } else if (isClosing(parts[i + 1])) {
      lines.push(pad(depth) + part + parts[++i]!)
    } else if (isClosing(parts[i + 2]) && !isOpening(parts[i + 1])) {
      // <name>value</name> stays on one line
      lines.push(pad(depth) + part + parts[i + 1]! + parts[i + 2]!)
      i += 2
    } else {
      lines.push(pad(depth++) + part)
    }
  }
  return lines.join('\n')
}

const isClosing = (part: string | undefined) => !!part?.startsWith('</')
const isOpening = (part: string | undefined) => !!part && /^<[A-Za-z_]/.test(part) && !part.endsWith('/>')

/** The number of the complaint a push is about, where it names one. */
export function complaintNumberIn(text: string | null | undefined): string {
  const found = /complaint_?order_?id"?\s*(?:[:=>]\s*)(?:<!\[CDATA\[)?"?(\d{4,})/i.exec(text ?? '')
  return found?.[1] ?? ''
}

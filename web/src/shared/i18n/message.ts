import type { MessageCompiler, MessageContext } from 'vue-i18n'

type Sayer = ReturnType<MessageCompiler>
type Context = MessageContext<string>
type Piece = string | { name: string }

const FORMS = /\{'([^']*)'\}|\{(\w+)\}|\s*\|\s*/g
const read = new Map<string, Sayer>()

/**
 * Reads the three forms in which our words are written: {name}, {'as it stands'}, and "one | many" by the number n. The compiler of vue-i18n knows more and is
 * too much for a phone; the tests see to it that both say the same of every word.
 */
export const compile: MessageCompiler = (message) => {
  const text = String(message)
  const known = read.get(text)
  if (known) return known
  const cases = casesOf(text)
  const sayer = (ctx: Context) => (cases.length > 1 ? ctx.plural(cases.map(c => say(ctx, c))) : say(ctx, cases[0]))
  read.set(text, sayer)
  return sayer
}

function say(ctx: Context, pieces: Piece[]): string {
  return pieces.map(p => (typeof p === 'string' ? p : String(ctx.named(p.name) ?? ''))).join('')
}

function casesOf(text: string): [Piece[], ...Piece[][]] {
  const cases: [Piece[], ...Piece[][]] = [[]]
  let end = 0
  const put = (piece: Piece) => cases.at(-1)?.push(piece)
  for (const form of text.matchAll(FORMS)) {
    if (form.index > end) put(text.slice(end, form.index))
    end = form.index + form[0].length
    if (form[1] !== undefined) put(form[1])
    else if (form[2] !== undefined) put({ name: form[2] })
    else cases.push([])
  }
  if (end < text.length) put(text.slice(end))
  return cases
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createI18n } from 'vue-i18n'
import { compile } from '@/shared/i18n/message'
import enDesk from '@/shared/i18n/locales/en/desk'
import enPhone from '@/shared/i18n/locales/en/phone'
import enShared from '@/shared/i18n/locales/en/shared'
import zhDesk from '@/shared/i18n/locales/zh-CN/desk'
import zhPhone from '@/shared/i18n/locales/zh-CN/phone'
import zhShared from '@/shared/i18n/locales/zh-CN/shared'
import { EVENTS } from '@/shared/rules/events'

type Tree = { [key: string]: string | Tree }
const flat = (tree: Tree, path = ''): Map<string, string> => {
  const out = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    const at = path ? `${path}.${key}` : key
    if (typeof value === 'string') out.set(at, value)
    else for (const [k, v] of flat(value, at)) out.set(k, v)
  }
  return out
}

const words = {
  shared: { zh: flat(zhShared as unknown as Tree), en: flat(enShared as unknown as Tree) },
  desk: { zh: flat(zhDesk as unknown as Tree), en: flat(enDesk as unknown as Tree) },
  phone: { zh: flat(zhPhone as unknown as Tree), en: flat(enPhone as unknown as Tree) },
}
const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(m => m[1]).sort()

describe.each(Object.entries(words))('the two languages of %s', (_part, { zh, en }) => {
  test('have the same keys', () => {
    // What the server words in Chinese needs no second Chinese wording.
    expect([...en.keys()].filter(k => !zh.has(k) && !k.startsWith('told.')), 'only in en').toEqual([])
    expect([...zh.keys()].filter(k => !en.has(k)), 'only in zh-CN').toEqual([])
  })

  test('fill in the same values', () => {
    for (const [key, text] of zh) expect(new Set(holes(en.get(key)!)), key).toEqual(new Set(holes(text)))
  })

  // What vue-i18n itself reads: a bare @ breaks the page it stands on, and what our own reader does not know shows here.
  test('say on a page what vue-i18n would say', () => {
    for (const messages of [zh, en]) {
      const options = { legacy: false, locale: 'x', messages: { x: Object.fromEntries(messages) }, flatJson: true, missingWarn: false } as const
      const theirs = createI18n(options).global
      const ours = createI18n({ ...options, messageCompiler: compile }).global
      for (const [key, text] of messages) {
        for (const n of [0, 1, 2]) {
          const values = { ...Object.fromEntries(holes(text).map(h => [h, `<${h}>`])), n }
          expect(ours.t(key, values), key).toBe(theirs.t(key, values))
        }
      }
    }
  })

  test('Chinese sentences keep a blank between Chinese and Latin or figures, and full-width punctuation', () => {
    for (const [key, text] of zh) {
      if (key.startsWith('type.') || key.startsWith('time.')) continue
      const plain = text.replace(/\{\w+\}/g, '')
      expect(plain, key).not.toMatch(/[一-龥][A-Za-z0-9]|[A-Za-z0-9][一-龥]/)
      expect(plain, key).not.toMatch(/[一-龥][,;:?!]/)
    }
  })
})

const SRC = join(process.cwd(), 'src')
const sources = (dir: string): string[] => readdirSync(dir, { withFileTypes: true }).flatMap((e) => {
  const path = join(dir, e.name)
  if (e.isDirectory()) return e.name === 'locales' ? [] : sources(path)
  return /\.(vue|ts)$/.test(e.name) && !e.name.endsWith('.d.ts') ? [path] : []
})

// Calls of t() and te(), and what the rules answer as a key of a sentence.
const USED = [/\bte?\(\s*(['`])((?:(?!\1).)+)\1/g, /\bkey: (['`])((?:(?!\1).)+)\1/g, /\btitle: (['`])((?:page|settings)\.(?:(?!\1).)+)\1/g]
// What only English has.
const TOLD = [...words.shared.en.keys()].filter(k => k.startsWith('told.'))
// named('group', code): some code of the group must be known.
const NAMED = /\bnamed\('([\w.]+)'/g

describe.each(['desk', 'phone', 'shared'] as const)('every key used in %s', (part) => {
  const faces = part === 'shared' ? (['desk', 'phone'] as const) : [part]

  test('exists', () => {
    const missing: string[] = []
    for (const file of sources(join(SRC, part))) {
      const code = readFileSync(file, 'utf8')
      const found = USED.flatMap(pattern => [...code.matchAll(pattern)].map(m => m[2]!))
      found.push(...[...code.matchAll(NAMED)].map(m => `${m[1]}.\${x}`))
      for (const key of found) {
        if (!key.includes('.') || key.startsWith('$')) continue
        const pattern = new RegExp(`^${key.replace(/\$\{[^}]*\}+/g, '\u0000').replace(/[.*+?^()|[\]\\]/g, '\\$&').replaceAll('\u0000', '[^.]+')}$`)
        // A composable of one face may live in shared; one of the faces using it must have the key.
        const known = faces.filter(f => [...words.shared.zh.keys(), ...words[f].zh.keys(), ...TOLD].some(k => pattern.test(k)))
        if (known.length === 0) missing.push(`${file.slice(SRC.length)}: ${key}`)
      }
    }
    expect(missing).toEqual([])
  })
})

test('codes of the contract have words', () => {
  const stages = ['to_respond', 'to_supplement', 'to_prove', 'to_appeal', 'waiting_user', 'platform', 'closed', 'unknown']
  const states = ['handing_over', 'queued', 'running', 'unknown', 'done', 'failed']
  const roles = ['owner', 'manager', 'agent', 'finance', 'viewer']
  const problems = ['validation', 'unauthenticated', 'forbidden', 'not_found', 'conflict', 'not_legal_now', 'rate_limited', 'idempotency_mismatch', 'upstream', 'internal', 'network']
  const keys = [
    ...stages.flatMap(s => [`stage.${s}`, `closed.${s}`]),
    ...states.flatMap(s => [`answer.title.${s}`, `answer.text.${s}`]),
    ...roles.map(r => `role.${r}`),
    ...problems.map(p => `problem.${p}`),
    ...EVENTS.map(e => `event.${e.replace('.', '_')}`),
  ]
  expect(keys.filter(k => !words.shared.zh.has(k))).toEqual([])
})

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const SRC = join(process.cwd(), 'src')
const files = (dir: string): string[] => readdirSync(dir, { withFileTypes: true }).flatMap((e) => {
  const path = join(dir, e.name)
  return e.isDirectory() ? files(path) : /\.(vue|css|ts)$/.test(e.name) ? [path] : []
})

test('colours are written down in tokens.css and nowhere else', () => {
  const found = files(SRC)
    .filter(f => !f.endsWith('tokens.css'))
    .flatMap(f => [...readFileSync(f, 'utf8').matchAll(/#[0-9a-f]{6}\b|#[0-9a-f]{3}\b(?=\s*[;,)])|\b(?:rgba?|hsla?|oklch)\(/gi)].map(m => `${f.slice(SRC.length)}: ${m[0]}`))
  expect(found).toEqual([])
})

test('no component is longer than 250 lines', () => {
  const long = files(SRC).filter(f => f.endsWith('.vue')).map(f => [f.slice(SRC.length), readFileSync(f, 'utf8').split('\n').length] as const).filter(([, n]) => n > 250)
  expect(long).toEqual([])
})

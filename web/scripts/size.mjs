// Prints what the inbox at the desk and on the phone load, gzip, and fails above the budgets of design.md §7: npm run build first.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const DIST = new URL('../dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', DIST), 'utf8'))
const find = (suffix) => {
  const key = Object.keys(manifest).find(k => k.endsWith(suffix))
  if (!key) throw new Error(`no ${suffix} in the manifest`)
  return key
}

/** Every file a set of entries needs before it is drawn: their static imports and style sheets, each once. */
function filesOf(entries) {
  const files = new Set()
  const seen = new Set()
  const visit = (key) => {
    if (seen.has(key)) return
    seen.add(key)
    const chunk = manifest[key]
    files.add(chunk.file)
    for (const css of chunk.css ?? []) files.add(css)
    for (const next of chunk.imports ?? []) visit(next)
  }
  entries.forEach(visit)
  return [...files]
}

const gzip = file => gzipSync(readFileSync(new URL(file, DIST)), { level: 9 }).length
const shared = ['index.html', 'src/shared/i18n/locales/zh-CN/shared.ts']
const pages = [
  { name: 'desk inbox', budget: 300_000, entries: ['src/desk/index.ts', 'locales/zh-CN/desk.ts', 'src/desk/pages/InboxPage.vue'] },
  { name: 'phone page', budget: 150_000, entries: ['src/phone/index.ts', 'locales/zh-CN/phone.ts', 'src/phone/pages/InboxPage.vue', 'src/phone/pages/CasePage.vue'] },
  { name: 'phone link', budget: 150_000, entries: ['src/phone/index.ts', 'locales/zh-CN/phone.ts', 'src/phone/pages/LinkPage.vue', 'src/phone/pages/CasePage.vue', 'src/phone/pages/RespondPage.vue'] },
]

let over = false
for (const page of pages) {
  const files = filesOf([...shared, ...page.entries].map(find))
  const sum = files.reduce((n, f) => n + gzip(f), gzip('index.html'))
  const js = files.filter(f => f.endsWith('.js')).reduce((n, f) => n + gzip(f), 0)
  const ok = sum <= page.budget
  over ||= !ok
  console.log(`${page.name}: ${(sum / 1000).toFixed(1)} kB gzip (js ${(js / 1000).toFixed(1)}, ${files.length} files), budget ${page.budget / 1000} kB${ok ? '' : '  OVER'}`)
  if (process.argv.includes('--files')) for (const f of files.sort((a, b) => gzip(b) - gzip(a))) console.log(`  ${(gzip(f) / 1000).toFixed(1).padStart(6)}  ${f}`)
}
process.exit(over ? 1 : 0)

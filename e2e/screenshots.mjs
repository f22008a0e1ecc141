// Takes the README's pictures: `make screenshots`. By hand: `node screenshots.mjs FOLDER LANGUAGE < the line of JSON that a running demo printed`.
// With ALL=1 every page is taken, for looking at.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from '@playwright/test'

const [folder = '../docs/img', locale = 'zh-CN'] = process.argv.slice(2)
const demo = JSON.parse(readFileSync(0, 'utf8').trim().split('\n')[0])
mkdirSync(folder, { recursive: true })

const cases = await (await fetch(`${demo.url}/api/v1/complaints?stage=to_respond&sort=due`, { headers: { Authorization: `Bearer ${demo.api_token}` } })).json()
const one = `/complaints/${cases.items[0].id}`
const pages = process.env.ALL
  ? {
      workbench: '/workbench',
      case: one,
      respond: `${one}/respond`,
      inbox: '/complaints',
      programs: '/programs',
      channels: '/notices/channels',
      subscriptions: '/notices/subscriptions',
      log: '/notices/log',
      platform: '/settings/platform',
      members: '/settings/members',
      tokens: '/settings/tokens',
      audit: '/settings/audit',
    }
  : { workbench: '/workbench', case: one, platform: '/settings/platform' }

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
for (const [device, options] of Object.entries({
  desk: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
})) {
  const context = await browser.newContext({ ...options, locale, timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce' })
  const login = await context.request.post(`${demo.url}/api/v1/session`, { data: { email: demo.email, password: demo.password } })
  if (!login.ok()) throw new Error(`login answered ${login.status()}`)
  await context.addInitScript((chosen) => localStorage.setItem('zhisu.locale', chosen), locale)
  const page = await context.newPage()
  page.on('pageerror', (err) => console.error(device, err.message))
  for (const [name, path] of Object.entries(pages)) {
    if (device === 'phone' && !process.env.ALL && name !== 'case') continue
    await page.goto(demo.url + path, { waitUntil: 'networkidle' })
    await page.screenshot({ path: join(folder, `${device}-${name}.png`) })
  }
  await context.close()
}
await browser.close()

import { defineConfig, type Project } from '@playwright/test'
import type { Engine, WorkerOptions } from './fixtures/test'

// The system's own Chromium: nothing is downloaded at test time.
const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

const desk = { viewport: { width: 1440, height: 900 } }

// What WeChat's browser on a phone says of itself.
const phone = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
  userAgent:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.60(0x18003c2f) NetType/WIFI Language/zh_CN',
}

const projects: Project<object, WorkerOptions>[] = []
// Every test at both sizes, one on each database; the whole way everywhere. What the databases do is the Go tests' matter, on both.
for (const [name, size, engine, testMatch] of [
  ['desk-sqlite', desk, 'sqlite', '**/*.spec.ts'],
  ['phone-postgres', phone, 'postgres', '**/*.spec.ts'],
  ['desk-postgres', desk, 'postgres', '**/whole-way.spec.ts'],
  ['phone-sqlite', phone, 'sqlite', '**/whole-way.spec.ts'],
] satisfies [string, object, Engine, string][]) {
  projects.push({ name, testMatch, use: { ...size, engine } })
}

export default defineConfig<object, WorkerOptions>({
  testDir: 'tests',
  outputDir: 'test-results',
  // Each test drives a server, a database, a mail server and a browser: two cores carry one at a time.
  workers: 1,
  fullyParallel: false,
  // A test that passes on the second try is a bug not yet understood.
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list'], ['json', { outputFile: '../.build/reports/playwright.json' }]],
  use: {
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath,
      args: [
        '--no-sandbox', // Continuous integration runs as root.
        '--disable-gpu',
        '--disable-dev-shm-usage', // Containers give it too little.
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects,
})

import type { Browser, Page } from '@playwright/test'
import { expect, test } from '../fixtures/test'
import type { Zhisu } from '../fixtures/zhisu'

// Money back from the case: whole and in part, decided by a second person, refused when too much, and once even when WeChat Pay's answer is lost.

interface Refund { id: string; amount: number; state: string; out_refund_no: string }
interface Case { id: string; transaction_id: string }
interface PayRefund { out_refund_no: string; transaction_id: string; amount: number; status: string }

const appid = 'wx0a9d3be1724f6c58' // of the demo
const above = 500_00
const finance = { email: 'finance@refunds.test', name: '林晗', role: 'finance', program_ids: [], password: 'refunds-of-the-test' }

test('money goes back once, and only as decided', async ({ page, browser, isMobile, zhisu }) => {
  await test.step('the program has a merchant; above ¥500 a second person decides', async () => {
    await useMerchant(zhisu)
    await zhisu.simulator('POST', '/pay', { settle_ms: 100 })
    await zhisu.api('PUT', '/settings/refunds', { approval_above: above, agent_limit: 0 })
    await zhisu.api('POST', '/users', finance)
    await page.goto(`${zhisu.ready.url}/complaints`)
    await signIn(page, zhisu.ready.email, zhisu.ready.password)
    await expect(page).toHaveURL(/\/complaints/)
  })

  await test.step('more than was paid is refused in words, a part of it goes back', async () => {
    const c = await complain(zhisu, 400_00)
    await openRefund(page, zhisu, c)
    await page.getByTestId('refund-amount').fill('400.01')
    await expect(page.getByTestId('refund-amount-hint')).toHaveText('最多还能退 ¥400.00')
    await enter(page, isMobile, '150', '物流延误补偿')
    await submit(page, isMobile, '150.00')
    await expect(page.getByTestId('refund-state')).toHaveAttribute('data-state', 'done', { timeout: 20_000 })
    expect(await paidBack(zhisu, c)).toMatchObject([{ amount: 150_00, status: 'SUCCESS' }])
  })

  await test.step('all of it goes back, the answer is written already', async () => {
    const c = await complain(zhisu, 168_00)
    await openRefund(page, zhisu, c)
    await page.getByTestId('refund-all').click()
    await submit(page, isMobile, '168.00')
    await expect(page.getByTestId('refund-state')).toHaveAttribute('data-state', 'done', { timeout: 20_000 })
    expect(await paidBack(zhisu, c)).toMatchObject([{ amount: 168_00, status: 'SUCCESS' }])
    await page.getByTestId('refund-close').click()
    await page.getByTestId('follow-up-go').click()
    await expect(page.getByTestId('composer-text')).toHaveValue(/168\.00/)
  })

  await test.step('an answer that is lost makes one refund, not two', async () => {
    const c = await complain(zhisu, 96_00)
    await zhisu.simulator('POST', '/faults', { target: 'pay.refund.create', mode: 'accept_then_500', times: 1 })
    await openRefund(page, zhisu, c)
    await page.getByTestId('refund-all').click()
    await submit(page, isMobile, '96')
    await expect(page.getByTestId('refund-state')).toHaveAttribute('data-state', 'done', { timeout: 30_000 })
    expect(await paidBack(zhisu, c)).toMatchObject([{ amount: 96_00, status: 'SUCCESS' }])
  })

  await test.step('a large one waits for somebody else', async () => {
    const c = await complain(zhisu, 999_00)
    await openRefund(page, zhisu, c)
    await page.getByTestId('refund-all').click()
    await submit(page, isMobile, '999.00')
    await expect(page.getByTestId('refund-state')).toHaveAttribute('data-state', 'waiting_approval')
    expect(await paidBack(zhisu, c)).toEqual([])
    const { items } = await zhisu.api<{ items: Refund[] }>('GET', `/refunds?complaint_id=${c.id}`)
    await approve(browser, page, zhisu, items[0]!.id)
    await expect.poll(async () => (await zhisu.api<Refund>('GET', `/refunds/${items[0]!.id}`)).state, { timeout: 20_000 }).toBe('done')
    expect(await paidBack(zhisu, c)).toMatchObject([{ amount: 999_00, out_refund_no: items[0]!.out_refund_no }])
  })
})

/** Takes the demo's merchant where it has one, otherwise one that the simulator makes. */
async function useMerchant(zhisu: Zhisu) {
  const { items: programs } = await zhisu.api<{ items: { id: string; appid: string; merchant_id: string | null }[] }>('GET', '/programs')
  const program = programs.find((p) => p.appid === appid) ?? programs[0]!
  if (program.merchant_id) return
  const made = await zhisu.simulator<Record<string, string>>('POST', '/merchants', { verify: 'platform_cert', appids: [program.appid] })
  const merchant = await zhisu.api<{ id: string }>('POST', '/merchants', {
    name: '测试商户', mchid: made.mchid, api_v3_key: made.api_v3_key, cert_serial: made.cert_serial, private_key_pem: made.private_key_pem, cert_pem: made.cert_pem, verify: { mode: 'platform_cert' },
  })
  await zhisu.api('PATCH', `/programs/${program.id}`, { merchant_id: merchant.id })
}

async function complain(zhisu: Zhisu, amount: number): Promise<Case> {
  const filed = await zhisu.simulator<{ complaint_order_id: string }>('POST', '/complaints', { appid, type: 642, amount })
  let found: (Case & { status: number | null }) | undefined
  await expect
    .poll(async () => {
      const { items } = await zhisu.api<{ items: (Case & { status: number | null })[] }>('GET', `/complaints?q=${filed.complaint_order_id}`)
      found = items[0]
      return found?.status
    })
    .toBe(201)
  return zhisu.api<Case>('GET', `/complaints/${found!.id}`)
}

async function paidBack(zhisu: Zhisu, c: Case): Promise<PayRefund[]> {
  const { refunds } = await zhisu.simulator<{ refunds: PayRefund[] }>('GET', '/refunds')
  return refunds.filter((r) => r.transaction_id === c.transaction_id)
}

async function openRefund(page: Page, zhisu: Zhisu, c: Case) {
  await page.goto(`${zhisu.ready.url}/complaints/${c.id}`)
  await page.getByTestId('refund-open').click()
  await expect(page.getByTestId('refund-amount')).toBeVisible()
}

async function enter(page: Page, isMobile: boolean, amount: string, reason: string) {
  await page.getByTestId('refund-amount').fill(amount)
  await page.getByTestId('refund-reason').fill(reason)
  await expect(page.getByTestId('refund-bytes')).toHaveText(`${Buffer.byteLength(reason)} / 80 字节`)
  // Enter never submits.
  await page.getByTestId('refund-reason').press('Enter')
  if (!isMobile) await expect(page.getByTestId('refund-submit')).toHaveCount(0)
}

/** Types the amount a second time; before both agree there is no button. */
async function submit(page: Page, isMobile: boolean, again: string) {
  if (isMobile) await page.getByTestId('refund-next-step').click()
  await expect(page.getByTestId('refund-submit')).toHaveCount(0)
  await page.getByTestId('refund-again').fill(again)
  await page.getByTestId('refund-submit').click()
}

async function approve(browser: Browser, first: Page, zhisu: Zhisu, id: string) {
  const context = await browser.newContext({ viewport: first.viewportSize(), locale: 'zh-CN', userAgent: await first.evaluate(() => navigator.userAgent) })
  const page = await context.newPage()
  await page.goto(`${zhisu.ready.url}/refunds?state=waiting_approval`)
  await signIn(page, finance.email, finance.password)
  await page.locator(`[data-testid="refund-row"][data-refund="${id}"]`).click()
  await page.getByTestId('refund-approve').click()
  await page.getByTestId('refund-sure').click()
  await expect(page.getByTestId('refund-state')).not.toHaveAttribute('data-state', 'waiting_approval')
  await context.close()
}

async function signIn(page: Page, email: string, password: string) {
  await page.getByTestId('login-email').fill(email)
  await page.getByTestId('login-password').fill(password)
  await page.getByTestId('login-submit').click()
  await expect(page.getByTestId('login-submit')).toHaveCount(0) // a page that is left before the answer came stays logged out
}

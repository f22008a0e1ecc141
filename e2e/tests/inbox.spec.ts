import { readFile } from 'node:fs/promises'
import { expect, test } from '../fixtures/test'
import type { Zhisu } from '../fixtures/zhisu'

// Many cases at once: found by a few characters, kept as a view, given to somebody, answered together, exported.

const appid = 'wx0a9d3be1724f6c58' // of the demo
const text = '紫砂壶的壶嘴裂了一道口子'
const part = '壶嘴裂'

test('cases are found, kept as a view, assigned, answered together and exported', async ({ page, isMobile, zhisu }) => {
  const orders = await fileThree(zhisu)
  await zhisu.api('POST', '/views', { name: '壶嘴', query: `view=all&q=${part}`, shared: true })

  await page.goto(`${zhisu.ready.url}/complaints?view=all`)
  await page.getByTestId('login-email').fill(zhisu.ready.email)
  await page.getByTestId('login-password').fill(zhisu.ready.password)
  await page.getByTestId('login-submit').click()
  const rows = page.getByTestId('complaint-row')

  await test.step('a part of the Chinese text finds them, and a reload finds them again', async () => {
    if (isMobile) await page.getByTestId('search-open').click()
    await searchField(page, isMobile).fill(part)
    await expect(rows).toHaveCount(3)
    await expect(page).toHaveURL(new RegExp(`q=${encodeURIComponent(part)}`))
    await page.reload()
    await expect(rows).toHaveCount(3)
    await expect(searchField(page, isMobile)).toHaveValue(part)
  })

  if (isMobile) {
    await test.step('a saved view and a filter on the phone', async () => {
      await page.goto(`${zhisu.ready.url}/complaints`)
      await page.getByTestId('filter-open').click()
      await page.getByTestId('saved-view').filter({ hasText: '壶嘴' }).click()
      await expect(rows).toHaveCount(3)
      await page.goto(`${zhisu.ready.url}/complaints?view=all&q=${part}&stage=waiting_user`)
      await expect(rows).toHaveCount(1)
    })
    return
  }

  await test.step('the filter is kept as a view of one’s own, and is in the address', async () => {
    await page.goto(`${zhisu.ready.url}/complaints?view=all&q=${part}&stage=to_respond`)
    await expect(rows).toHaveCount(2)
    await page.getByTestId('save-view').click()
    await page.getByTestId('view-name').fill('壶嘴待回应')
    await page.getByTestId('view-save').click()
    const saved = page.getByTestId('saved-view').filter({ hasText: '壶嘴待回应' })
    await expect(saved).toHaveAttribute('aria-current', 'true')
    await page.goto(`${zhisu.ready.url}/complaints`)
    await saved.click()
    await expect(rows).toHaveCount(2)
    await expect(page).toHaveURL(/stage=to_respond/)
  })

  await test.step('one is given to a member', async () => {
    await rows.first().click()
    await page.getByTestId('assignee').selectOption({ index: 1 })
    await expect(page.getByTestId('case')).toContainText('负责')
    await page.goto(`${zhisu.ready.url}/complaints?view=all&q=${part}&assignee=me`)
    await expect(rows).toHaveCount(1)
  })

  await test.step('three are answered together; the one that is past its stage is left out and says why', async () => {
    await page.goto(`${zhisu.ready.url}/complaints?view=all&q=${part}`)
    await expect(rows).toHaveCount(3)
    await rows.first().hover()
    await rows.first().getByTestId('choose').click()
    await page.getByTestId('choose-all').click()
    await page.getByTestId('bulk-respond').click()
    await page.getByTestId('bulk-text').fill('同意为「{商品}」退款 {金额}。')
    await page.getByTestId('bulk-go').click()
    const cases = page.getByTestId('bulk-case')
    await expect(cases).toHaveCount(3)
    await expect(page.locator('[data-testid="bulk-case"][data-state="ready"]')).toHaveCount(2)
    await expect(page.locator('[data-testid="bulk-case"][data-state="not"]')).toContainText('正在等用户确认')
    await expect(page.locator('[data-testid="bulk-case"][data-state="ready"]').first()).toContainText('同意为「紫砂壶」退款 88.00 元')
    await page.getByTestId('bulk-go').click()
    await expect(page.locator('[data-testid="bulk-case"][data-state="done"]')).toHaveCount(2)
    await expect(page.getByTestId('bulk-sum')).toContainText('2 单已提交')
    await page.getByTestId('bulk-go').click()
    for (const order of orders) await expect.poll(async () => (await wechat(zhisu, order)).status).not.toBe(201)
    for (const order of orders) expect((await wechat(zhisu, order)).calls.filter((c) => c.path.endsWith('/bussiRespondComplaint'))).toHaveLength(1)
  })

  await test.step('the filter is exported', async () => {
    await page.getByTestId('export').click()
    const coming = page.waitForEvent('download')
    await page.getByTestId('export-csv').click()
    const file = await (await coming).path()
    const csv = await readFile(file, 'utf8')
    expect(csv.startsWith('\ufeff')).toBe(true)
    for (const order of orders) expect(csv).toContain(order)
    expect(csv.trim().split('\r\n')).toHaveLength(4)
  })
})

function searchField(page: import('@playwright/test').Page, phone: boolean) {
  return phone ? page.getByTestId('inbox-search') : page.getByTestId('inbox-search').locator('visible=true')
}

interface WechatView {
  status: number
  calls: { path: string }[]
}
const wechat = (zhisu: Zhisu, order: string) => zhisu.simulator<WechatView>('GET', `/complaints/${order}`)

/** Three cases with the same words; the last is answered already. */
async function fileThree(zhisu: Zhisu): Promise<string[]> {
  const orders: string[] = []
  for (let i = 0; i < 3; i++) {
    const filed = await zhisu.simulator<{ complaint_order_id: string }>('POST', '/complaints', { appid, type: 642, amount: 8800, product_name: '紫砂壶', content: text })
    orders.push(filed.complaint_order_id)
  }
  const listed = async () => (await zhisu.api<{ items: { id: string; complaint_order_id: string; status: number }[] }>('GET', `/complaints?view=all&q=${part}`)).items
  await expect.poll(async () => (await listed()).filter((c) => c.status === 201).length).toBe(3)
  const last = (await listed()).find((c) => c.complaint_order_id === orders[2])!
  await zhisu.api('POST', `/complaints/${last.id}/respond`, { decision: 'refuse', content: '请先提供开箱照片。' })
  await expect.poll(async () => (await listed()).find((c) => c.id === last.id)?.status).toBe(204)
  return orders
}

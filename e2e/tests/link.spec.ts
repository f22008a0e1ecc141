import { expect, test } from '../fixtures/test'

// From the mail's link to the answered case, by somebody who only looks at a phone and has no account.

const appid = 'wx0a9d3be1724f6c58' // of the demo
const receiver = 'boss@tea.test'
const answer = '非常抱歉，我们为您全额退款，商品不用寄回。'
const content = '打开盒子罐子已经瘪了，要求退款'

interface Filed {
  complaint_order_id: string
}
interface Link {
  id: string
  state: string
  address_masked: string
}

test('a mail’s link opens one case without login, and its answer reaches WeChat', async ({ page, zhisu, mailpit }) => {
  const channel = await zhisu.api<{ id: string }>('POST', '/channels', {
    kind: 'email',
    name: '店铺邮箱',
    settings: { host: '127.0.0.1', port: mailpit.port, security: 'tls', username: mailpit.username, password: mailpit.password, from_name: '知诉' },
  })
  await zhisu.api('POST', '/subscriptions', { events: ['complaint.new'], receivers: [{ channel_id: channel.id, address: receiver }] })

  const file = (text: string) => zhisu.simulator<Filed>('POST', '/complaints', { appid, amount: 16_800, content: text, product_name: '明前龙井 250g 礼盒' })
  const first = await file(content)
  await expect.poll(() => mailpit.to(receiver)).toHaveLength(1)
  const [summary] = await mailpit.to(receiver)
  const link = new URL((await mailpit.read(summary!.ID)).Text.match(/https?:\/\/\S+\/c\/\S+/)![0])
  const token = link.pathname.split('/').pop()!
  const leaks: string[] = []
  page.on('request', (request) => {
    const referer = request.headers()['referer'] ?? ''
    if (referer.includes(token) || (request.url().includes(token) && !request.isNavigationRequest())) leaks.push(request.url())
  })

  await test.step('the case is there at once, with masked facts and its clock', async () => {
    const response = await page.goto(link.href)
    expect(response!.headers()['referrer-policy']).toBe('no-referrer')
    await expect(page.getByTestId('case')).toContainText(content)
    await expect(page.getByTestId('case-stage')).toBeVisible()
    await expect(page.getByTestId('reveal')).toHaveCount(0)
    await expect(page.getByTestId('login-form')).toHaveCount(0)
  })

  await test.step('what is written survives a closed page', async () => {
    await page.getByTestId('decide-agree').click()
    await page.getByTestId('composer-text').fill(answer)
    await expect(page.getByText('草稿已保存')).toBeVisible()
    await page.goto('about:blank')
    await page.goto(`${link.href}/respond`)
    await expect(page.getByTestId('composer-text')).toHaveValue(answer)
  })

  await test.step('a picture is added and shown', async () => {
    const png = await page.screenshot()
    await page.getByTestId('picture-album').setInputFiles({ name: '瘪罐.png', mimeType: 'image/png', buffer: png })
    const picture = page.locator('[data-testid="picture"][data-state="ready"]')
    await expect(picture).toHaveCount(1)
    await expect.poll(() => picture.locator('img').evaluate((img) => (img as HTMLImageElement).naturalWidth)).toBeGreaterThan(0)
  })

  await test.step('the answer reaches WeChat, signed by the link', async () => {
    await page.getByTestId('send').click()
    await page.getByTestId('confirm-send').click()
    await expect(page.getByTestId('answer-status')).toHaveAttribute('data-state', 'done', { timeout: 20_000 })
    const wechat = await zhisu.simulator<{ status: number }>('GET', `/complaints/${first.complaint_order_id}`)
    expect(wechat.status).toBe(203)
    await page.getByRole('link', { name: '看投诉单' }).click()
    await expect(page.getByTestId('case')).toContainText('链接：')
  })

  await test.step('the link reaches no other case', async () => {
    const second = await file('另一张投诉单')
    await expect.poll(() => mailpit.to(receiver)).toHaveLength(2)
    const { items } = await zhisu.api<{ items: { id: string, complaint_order_id: string }[] }>('GET', '/complaints?sort=newest')
    const other = items.find((c) => c.complaint_order_id === second.complaint_order_id)!
    const status = await page.evaluate(async ([id, t]) => (await fetch(`/api/v1/complaints/${id}`, { headers: { Authorization: `Link ${t}` } })).status, [other.id, token] as const)
    expect(status).toBe(404)
    expect(leaks).toEqual([])
  })

  await test.step('a revoked link leads to the login and back to the case', async () => {
    const { items } = await zhisu.api<{ items: { id: string, complaint_order_id: string }[] }>('GET', '/complaints?sort=newest')
    const mine = items.find((c) => c.complaint_order_id === first.complaint_order_id)!
    const links = await zhisu.api<{ items: Link[] }>('GET', `/complaints/${mine.id}/links`)
    const own = links.items.find((l) => l.state === 'active' && l.address_masked.endsWith('@tea.test'))!
    await zhisu.api('DELETE', `/links/${own.id}`)
    await page.goto(link.href)
    await expect(page.getByTestId('link-page')).toHaveAttribute('data-state', 'revoked')
    await expect(page.getByTestId('case')).toHaveCount(0)
    await page.getByTestId('link-login').click()
    await page.getByTestId('login-email').fill(zhisu.ready.email)
    await page.getByTestId('login-password').fill(zhisu.ready.password)
    await page.getByTestId('login-submit').click()
    await expect(page).toHaveURL(new RegExp(`/complaints/${mine.id}`))
    await expect(page.getByTestId('case')).toContainText(content)
  })

  await test.step('an unknown link says so and no more', async () => {
    await page.goto(`${zhisu.ready.url}/c/${'a'.repeat(27)}`)
    await expect(page.getByTestId('link-page')).toHaveAttribute('data-state', 'unknown')
  })
})

import type { Page } from '@playwright/test'
import { expect, test } from '../fixtures/test'
import type { Zhisu } from '../fixtures/zhisu'

// One merchant's first complaint, from the authorisation to the answer, as he and WeChat see it.

interface Program {
  id: string
  appid: string
  name: string
}
interface WechatView {
  status: number
  calls: { path: string; body: Record<string, unknown>; errcode: number }[]
}

const shop = {
  appid: 'wx7e57000000000001',
  user_name: 'gh_7e5700000001',
  nick_name: '三元里花店',
  principal_name: '广州市三元里花艺有限公司',
  func_ids: [1, 19, 76, 151],
}
const receiver = 'owner@flowers.test'
const content = '收到的花束已经枯萎，商家说不退也不换'
const answer = '非常抱歉，我们为您全额退款，花束不用寄回。'

test('a program is authorised, its complaint is told by mail and answered', async ({ page, context, isMobile, zhisu, mailpit }) => {
  await test.step('the mailbox and who is told are set', async () => {
    const channel = await zhisu.api<{ id: string }>('POST', '/channels', {
      kind: 'email',
      name: '花店邮箱',
      settings: {
        host: '127.0.0.1',
        port: mailpit.port,
        security: 'tls',
        username: mailpit.username,
        password: mailpit.password,
        from_name: '知诉',
      },
    })
    await zhisu.api('POST', '/subscriptions', {
      program_ids: [],
      events: ['complaint.new'],
      channel_ids: [channel.id],
      receivers: [{ channel_id: channel.id, address: receiver }],
    })
  })

  await test.step('a wrong password does not open the door, the right one does', async () => {
    await page.goto(`${zhisu.ready.url}/programs`)
    await signIn(page, zhisu.ready.email, 'not the password')
    await expect(page.getByTestId('login-error')).toBeVisible()
    await signIn(page, zhisu.ready.email, zhisu.ready.password)
    await expect(page).toHaveURL(`${zhisu.ready.url}/programs`)
  })

  await test.step('the merchant authorises a program with one click', async () => {
    await zhisu.simulator('POST', '/programs', shop)
    const row = page.getByTestId('program-row').filter({ hasText: shop.nick_name })
    await expect(page.getByTestId('program-row').first()).toBeVisible()
    await expect(row).toHaveCount(0)

    await openEntryPage(page, isMobile)
    await page.getByRole('link', { name: '去微信授权' }).click()
    await expect(page).toHaveURL((url) => url.href.startsWith(zhisu.ready.simulator_url))
    await page.getByRole('radio', { name: shop.nick_name }).check()
    await page.getByRole('button', { name: '管理员扫码并同意授权' }).click()

    await expect(page).toHaveURL((url) => url.origin === zhisu.ready.url && url.pathname === '/programs')
    await expect(row).toHaveCount(1)
    const { items } = await zhisu.api<{ items: Program[] }>('GET', '/programs')
    expect(items.filter((program) => program.appid === shop.appid)).toMatchObject([
      { name: shop.nick_name, principal_name: shop.principal_name, mode: 'platform', state: 'active', missing_permission_sets: [] },
    ])
  })

  const orderId = await test.step('a customer complains, and the mail arrives', async () => {
    expect(await mailpit.to(receiver)).toEqual([])
    const filed = await zhisu.simulator<{ complaint_order_id: string }>('POST', '/complaints', {
      appid: shop.appid,
      amount: 12_900,
      content,
      product_name: '向日葵花束',
    })
    await expect.poll(() => mailpit.to(receiver)).toHaveLength(1)
    return filed.complaint_order_id
  })

  await test.step('the mail says what a merchant needs, and its link opens the case', async () => {
    const [summary] = await mailpit.to(receiver)
    const mail = await mailpit.read(summary!.ID)
    expect(mail.From).toEqual({ Name: '知诉', Address: mailpit.username })
    expect(mail.Subject).toContain(shop.nick_name)
    for (const fact of [shop.nick_name, '129.00', '向日葵花束']) expect(mail.Text).toContain(fact)

    const link = mail.Text.match(/https?:\/\/\S+/)?.[0]
    expect(link).toBeDefined()
    expect(new URL(link!).origin).toBe(zhisu.ready.url)
    await page.goto(link!)
    await expect(page.getByTestId('case')).toContainText(content)
  })

  await test.step('the complaint stands in the inbox', async () => {
    // By its number: of a long list only what is in sight is drawn.
    await page.goto(`${zhisu.ready.url}/complaints?q=${orderId}`)
    await page.locator(`[data-testid="complaint-row"][data-complaint="${orderId}"]`).click()
    await expect(page.getByTestId('case')).toContainText(content)
  })

  await test.step('the merchant agrees', async () => {
    expect((await wechat(zhisu, orderId)).status).toBe(201)
    await page.getByTestId('decide-agree').click()
    await page.getByTestId('composer-text').fill(answer)
    await page.getByTestId('send').click()
    // Nothing leaves before the second look is confirmed.
    await expect(page.getByTestId('confirm-send')).toBeVisible()
    expect(answersIn(await wechat(zhisu, orderId))).toHaveLength(0)
    await page.getByTestId('confirm-send').click()
    await expect.poll(async () => (await wechat(zhisu, orderId)).status).toBe(203)
  })

  await test.step('WeChat got the answer once, and the case says who gave it', async () => {
    const { name } = await zhisu.api<{ name: string }>('GET', '/me')
    const answers = answersIn(await wechat(zhisu, orderId))
    expect(answers).toHaveLength(1)
    expect(answers[0]).toMatchObject({ errcode: 0 })
    expect(JSON.stringify(answers[0]!.body)).toContain(answer)

    await expect(page.getByTestId('answer-status')).toHaveAttribute('data-state', 'done')
    if (isMobile) await page.getByRole('link', { name: '看投诉单' }).click()
    await expect(page.getByTestId('case')).toContainText(`${name}：同意和解：${answer}`)
    await expect(page.getByTestId('decide-agree')).toHaveCount(0)
    expect(await mailpit.to(receiver)).toHaveLength(1)
  })

  expect(context.pages()).toHaveLength(1)
})

async function signIn(page: Page, email: string, password: string) {
  await page.getByTestId('login-email').fill(email)
  await page.getByTestId('login-password').fill(password)
  await page.getByTestId('login-submit').click()
}

/** At a desk the button leads there; on a phone it copies the link, which is then opened. */
async function openEntryPage(page: Page, onPhone: boolean) {
  if (!onPhone) {
    await page.getByTestId('authorise').click()
  } else {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByTestId('authorise-link').click()
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain('/authorize/')
    await page.goto(await page.evaluate(() => navigator.clipboard.readText()))
  }
  await expect(page).toHaveURL(/\/authorize\//)
}

function wechat(zhisu: Zhisu, orderId: string): Promise<WechatView> {
  return zhisu.simulator('GET', `/complaints/${orderId}`)
}

function answersIn(view: WechatView) {
  return view.calls.filter((call) => call.path.endsWith('bussiRespondComplaint'))
}

import type { Page } from '@playwright/test'
import { expect, test } from '../fixtures/test'
import type { Zhisu } from '../fixtures/zhisu'

// An official account and text messages, from the empty form to the message on the phone and its receipt.

const tea = 'wx0a9d3be1724f6c58'
const phone = '13800138000'

interface Account { appid: string; secret: string; template_id: string; codes: string[] }
interface Sms { secret_id: string; secret_key: string; sdk_app_id: string; sign_name: string; template_id: string; template_text: string }
interface Outbox {
  templates: { openid: string; url: string; data: Record<string, string> }[]
  sms: { phone: string; text: string }[]
}
interface Binding { id: string; state: string; address: string; greeting: string; url: string }

test('a receiver scans, and a complaint comes as a template message and as a text', async ({ page, isMobile, zhisu }) => {
  await page.goto(`${zhisu.ready.url}/notices`)
  await page.getByTestId('login-email').fill(zhisu.ready.email)
  await page.getByTestId('login-password').fill(zhisu.ready.password)
  await page.getByTestId('login-submit').click()
  await expect(page.getByTestId('login-submit')).toHaveCount(0) // a page that is left before the answer came stays logged out

  const account = await zhisu.simulator<Account>('GET', '/offiaccount')
  const sms = await zhisu.simulator<Sms>('GET', '/sms')
  // A phone has a page of its own for looking at channels; from there it goes to the desk's.
  await page.goto(`${zhisu.ready.url}/notices/channels`)
  if (isMobile) await page.getByTestId('channels-edit').click()
  const ids = await setUp(page, zhisu, account, sms)
  const openid = await test.step('a receiver scans the code and is greeted', () => bind(page, zhisu, ids.account))
  expect((await outbox(zhisu)).templates.filter((m) => m.openid === openid)).toHaveLength(1)

  await zhisu.api('POST', '/subscriptions', {
    program_ids: [],
    events: ['complaint.new'],
    channel_ids: [ids.account, ids.sms],
    receivers: [{ channel_id: ids.account, address: openid }, { channel_id: ids.sms, address: phone }],
  })
  const { complaint_order_id: number } = await zhisu.simulator<{ complaint_order_id: string }>('POST', '/complaints', { appid: tea, content: '杯子裂了' })

  await test.step('both arrive once, and WeChat says so', async () => {
    await expect.poll(async () => (await outbox(zhisu)).sms.filter((m) => m.phone === `+86${phone}`)).toHaveLength(1)
    await expect.poll(async () => (await outbox(zhisu)).templates.filter((m) => m.data.character_string2 === number)).toHaveLength(1)
    const box = await outbox(zhisu)
    expect(box.sms.at(-1)!.text).toContain(`尾号${number.slice(-6)}`)
    expect(box.templates.at(-1)!.url).toContain(zhisu.ready.url)
    await expect.poll(async () => {
      const { items } = await zhisu.api<{ items: { channel_id: string; state: string }[] }>('GET', '/notices?limit=200')
      return items.filter((n) => n.channel_id === ids.account).map((n) => n.state)
    }).toEqual(['delivered'])
    await page.goto(`${zhisu.ready.url}/notices${isMobile ? '' : '/log'}`)
    await expect(page.getByText('已送达').first()).toBeVisible()
  })
})

async function setUp(page: Page, zhisu: Zhisu, account: Account, sms: Sms) {
  await test.step('the official account shows its templates, and what each place will look like', async () => {
    await page.getByTestId('add-offiaccount').click()
    await page.getByTestId('account-appid').fill(account.appid)
    await page.getByTestId('account-secret').fill('not the secret')
    await page.getByTestId('read-templates').click()
    await expect(page.getByRole('alert')).toContainText('AppSecret')
    await page.getByTestId('account-secret').fill(account.secret)
    await page.getByTestId('read-templates').click()
    await page.getByTestId('account-template').selectOption(account.template_id)
    await expect(page.getByRole('row', { name: /工单号/ })).toContainText('11897051')
    await page.getByTestId('account-save').click()
    await expect(page.getByTestId('channel').filter({ hasText: account.appid })).toBeVisible()
  })

  await test.step('the callback is set up on both sides', async () => {
    await page.getByTestId('channel').filter({ hasText: account.appid }).getByTestId('callback').click()
    await page.getByTestId('callback-generate').click()
    const value = (id: string) => page.getByTestId(id).inputValue()
    const [url, token, key] = [await page.getByTestId('callback-url').innerText(), await value('callback-token'), await value('callback-key')]
    await page.getByTestId('callback-save').click()
    await expect(page.getByTestId('callback-save')).toHaveCount(0)
    await zhisu.simulator('POST', '/offiaccount', { url, token, aes_key: key, mode: 'safe' })
  })

  await test.step('text messages are set up and tried', async () => {
    await page.getByTestId('add-sms').click()
    await page.getByTestId('sms-secret-id').fill(sms.secret_id)
    await page.getByTestId('sms-secret-key').fill(sms.secret_key)
    await page.getByTestId('sms-app').fill(sms.sdk_app_id)
    await page.getByTestId('sms-sign').fill(sms.sign_name)
    await page.getByTestId('sms-template').fill(sms.template_id)
    await page.getByTestId('sms-text').fill(sms.template_text)
    await expect(page.getByTestId('sms-preview')).toContainText(`【${sms.sign_name}】`)
    await page.getByTestId('sms-save').click()
    const card = page.getByTestId('channel').filter({ hasText: sms.sign_name })
    await card.getByTestId('test-address').fill('13900139000')
    await card.getByTestId('test-channel').click()
    await expect(card.getByTestId('test-result')).toHaveAttribute('data-ok', 'true')
    await expect(card.getByTestId('test-result')).toContainText('+86 139****9000')
  })
  const { items } = await zhisu.api<{ items: { id: string; kind: string }[] }>('GET', '/channels')
  const id = (kind: string) => items.find((c) => c.kind === kind)!.id
  return { account: id('offiaccount'), sms: id('sms') }
}

async function bind(page: Page, zhisu: Zhisu, channel: string) {
  await page.getByTestId('receivers').click()
  await page.getByTestId('bind-name').fill('老张')
  await page.getByTestId('bind-start').click()
  await expect(page.getByTestId('qr')).toBeVisible()
  const { codes } = await zhisu.simulator<Account>('GET', '/offiaccount')
  const { openid } = await zhisu.simulator<{ openid: string }>('POST', '/offiaccount/scan', { url: codes[0] })
  await expect(page.getByTestId('bind')).toHaveAttribute('data-state', 'bound')
  await expect(page.getByTestId('greeted')).toBeVisible()
  await expect(page.getByTestId('receiver')).toContainText('老张')
  const { items } = await zhisu.api<{ items: Binding[] }>('GET', `/channels/${channel}/bindings`)
  expect(items).toMatchObject([{ state: 'bound', address: openid }])
  return openid
}

function outbox(zhisu: Zhisu): Promise<Outbox> {
  return zhisu.simulator<Outbox>('GET', '/outbox')
}

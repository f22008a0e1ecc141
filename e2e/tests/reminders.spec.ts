import { expect, test } from '../fixtures/test'

// Who hears what and when, set at the desk: reminders, a subscription with conditions, and a message sent once more.

const receiver = 'night@tea.test'
const appid = 'wx0a9d3be1724f6c58' // of the demo

test('reminders, a subscription with conditions, and resending', async ({ page, zhisu, mailpit, isMobile }) => {
  const channel = await zhisu.api<{ id: string }>('POST', '/channels', {
    kind: 'email',
    name: '夜班邮箱',
    settings: { host: '127.0.0.1', port: mailpit.port, security: 'tls', username: mailpit.username, password: mailpit.password, from_name: '知诉' },
  })
  await page.goto(`${zhisu.ready.url}/notices/reminders`)
  await page.getByTestId('login-email').fill(zhisu.ready.email)
  await page.getByTestId('login-password').fill(zhisu.ready.password)
  await page.getByTestId('login-submit').click()
  await expect(page.getByTestId('login-submit')).toHaveCount(0) // a page that is left before the answer came stays logged out

  await test.step('reminders are set and kept', async () => {
    await page.getByTestId('hours-3').check()
    await page.getByTestId('ladder-add').click()
    const steps = await page.getByTestId('ladder-step').count()
    await page.getByTestId('reminders-save').click()
    await expect(page.getByTestId('reminders-saved')).toBeVisible()
    await page.reload()
    await expect(page.getByTestId('hours-3')).toBeChecked()
    await expect(page.getByTestId('ladder-step')).toHaveCount(steps)
  })
  await test.step('a subscription takes only what is dear enough', async () => {
    await page.goto(`${zhisu.ready.url}/notices/subscriptions`)
    await page.getByTestId('add-subscription').click()
    await page.getByTestId('receiver-channel').selectOption(channel.id)
    await page.locator('input[data-testid="receiver-address"], [data-testid="receiver-address"] input').fill(receiver)
    await page.getByTestId('subscription-more').click()
    await page.getByTestId('filter-min').fill('100')
    await page.getByTestId('subscription-save').click()
    await expect(page.getByTestId('subscription').filter({ hasText: receiver })).toHaveCount(1)
    await expect(page.getByTestId('subscription').filter({ hasText: receiver }).getByTestId('subscription-filter')).toHaveText('金额 ¥100.00 起')
    const { items } = await zhisu.api<{ items: { min_amount: number | null, receivers: { address: string }[] }[] }>('GET', '/subscriptions')
    expect(items.find((s) => s.receivers.some((r) => r.address === receiver))!.min_amount).toBe(10_000)
  })
  await test.step('its quiet hours are set, changed and taken away', async () => {
    const card = page.getByTestId('subscription').filter({ hasText: receiver })
    const quiet = async () => {
      const { items } = await zhisu.api<{ items: { quiet: { from: string } | null, receivers: { address: string }[] }[] }>('GET', '/subscriptions')
      return items.find((s) => s.receivers.some((r) => r.address === receiver))!.quiet?.from ?? null
    }
    for (const from of ['23:30', '22:15', null]) {
      await card.getByRole('button', { name: '修改' }).click()
      if (from === null) await page.getByTestId('filter-quiet').uncheck()
      else {
        await page.getByTestId('filter-quiet').check()
        await page.getByTestId('filter-quiet-from').fill(from)
      }
      await page.getByTestId('subscription-save').click()
      await expect(page.getByTestId('subscription-save')).toHaveCount(0)
      expect(await quiet()).toBe(from)
    }
  })

  await zhisu.simulator('POST', '/complaints', { appid, amount: 16_800, content: '贵的' })
  await expect.poll(() => mailpit.to(receiver)).not.toHaveLength(0)
  const [summary] = await mailpit.to(receiver)
  expect((await mailpit.read(summary!.ID)).Text).toContain('168.00')

  if (isMobile) {
    await test.step('the phone shows the channel and tests it', async () => {
      await page.goto(`${zhisu.ready.url}/notices/channels`)
      const card = page.getByTestId('channel').filter({ hasText: '夜班邮箱' })
      await card.getByTestId('test-address').fill(receiver)
      await card.getByTestId('test-channel').click()
      await expect(card.getByTestId('test-result')).toHaveAttribute('data-ok', 'true')
    })
    return
  }
  await test.step('a message is sent once more', async () => {
    await page.goto(`${zhisu.ready.url}/notices/log`)
    await page.getByTestId('log-channel').selectOption(channel.id)
    await expect(page.getByTestId('notice').filter({ hasText: '夜班邮箱' })).not.toHaveCount(0)
    await expect(page.getByTestId('notice').filter({ hasNotText: '夜班邮箱' })).toHaveCount(0)
    const row = page.getByTestId('notice').filter({ hasText: receiver.slice(0, 1) }).first()
    await row.getByTestId('resend').click()
    await expect.poll(async () => (await mailpit.to(receiver)).length).toBeGreaterThan(1)
  })
  await test.step('its link is ended at the case', async () => {
    await page.getByTestId('notice').first().getByRole('link', { name: '投诉单' }).click()
    await page.getByTestId('case-links').locator('summary').click()
    const links = page.getByTestId('case-link')
    await expect(links.first()).toHaveAttribute('data-state', 'active')
    const active = await links.and(page.locator('[data-state="active"]')).count()
    await page.getByTestId('revoke-link').first().click()
    await page.getByTestId('revoke-link-sure').click()
    await expect(links.and(page.locator('[data-state="active"]'))).toHaveCount(active - 1)
  })
})

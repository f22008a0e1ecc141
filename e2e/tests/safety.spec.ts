import { expect, test } from '../fixtures/test'

// No complaint missed: a program with its own AppSecret, what keeps a case from being read and the way out, and how long data are kept.

const shop = { appid: 'wxd1ec700000000001', user_name: 'gh_d1ec70000001', nick_name: '巷口面馆', secret: '5eb63bbbe01eeed093cb22bb8f5acdc3' }

interface Checks {
  id: string
  appid: string
  direct: { push_url: string; url_checked_at: number | null; last_push_at: number | null } | null
}
interface Gaps {
  items: { code: string; severity: string; fix: string; complaint_order_id: string | null }[]
  checks: { code: string }[]
}

test('a program with its own AppSecret is heard, and what is missed is shown with its way out', async ({ page, isMobile, zhisu }) => {
  await zhisu.simulator('POST', '/programs', shop)
  await page.goto(`${zhisu.ready.url}/programs`)
  await page.getByTestId('login-email').fill(zhisu.ready.email)
  await page.getByTestId('login-password').fill(zhisu.ready.password)
  await page.getByTestId('login-submit').click()
  await expect(page.getByTestId('login-submit')).toHaveCount(0) // a page that is left before the answer came stays logged out
  const push = { token: 'TokenOfTheNoodleShop', aes_key: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG', url: '' }

  await test.step('it is connected, and WeChat verifies the address', async () => {
    if (isMobile) {
      // Setting up is desk work.
      const made = await zhisu.api<Checks>('POST', '/programs', {
        appid: shop.appid, name: shop.nick_name, app_secret: shop.secret, token: push.token, encoding_aes_key: push.aes_key, push_mode: 'safe',
      })
      push.url = made.direct!.push_url
    } else {
      await page.getByTestId('direct-add').click()
      await page.locator('input[data-testid="direct-appid"], [data-testid="direct-appid"] input').fill(shop.appid)
      await page.locator('input[data-testid="direct-name"], [data-testid="direct-name"] input').fill(shop.nick_name)
      await page.locator('input[data-testid="direct-secret"], [data-testid="direct-secret"] input').fill(shop.secret)
      push.token = await page.locator('input[data-testid="direct-token"], [data-testid="direct-token"] input').inputValue()
      push.aes_key = await page.locator('input[data-testid="direct-key"], [data-testid="direct-key"] input').inputValue()
      await page.getByTestId('direct-save').click()
      push.url = (await page.getByTestId('direct-url').textContent())!.trim()
    }
    await zhisu.simulator('POST', `/programs/${shop.appid}/push`, { ...push, mode: 'safe', format: 'json' })
    if (!isMobile) {
      await page.getByTestId('direct-done').click()
      await page.reload()
      await page.getByTestId('program-row').filter({ hasText: shop.nick_name }).click()
      for (const check of ['token', 'url']) await expect(page.locator(`[data-testid="direct-checks"] [data-check="${check}"]`)).toHaveAttribute('data-state', 'ok')
    }
  })

  await test.step('a push becomes a case', async () => {
    const filed = await zhisu.simulator<{ complaint_order_id: string }>('POST', '/complaints', { appid: shop.appid, amount: 3200, content: '面坨了，也没有送筷子' })
    await expect.poll(async () => (await zhisu.api<{ items: { status: number }[] }>('GET', `/complaints?q=${filed.complaint_order_id}`)).items[0]?.status).toBe(201)
    await page.goto(`${zhisu.ready.url}/complaints`)
    await expect(page.getByText('面坨了').first()).toBeVisible()
  })

  await test.step('a case that cannot be read is shown, and read again from there', async () => {
    await zhisu.simulator('POST', '/faults', { target: '/wxaapi/minishop/complaintOrderDetail', errcode: -1, times: 500 })
    const { complaint_order_id: number } = await zhisu.simulator<{ complaint_order_id: string }>('POST', '/complaints', { appid: shop.appid, amount: 3200 })
    const missed = async () => (await zhisu.api<Gaps>('GET', '/gaps')).items.find((i) => i.complaint_order_id === number)
    await expect.poll(async () => (await missed())?.fix).toBe('sync')
    expect(await missed()).toMatchObject({ code: 'sync_failed', severity: 'error' })
    await page.goto(`${zhisu.ready.url}/settings/gaps`)
    await expect(page.getByTestId('gap').filter({ hasText: number })).toBeVisible()
    await expect(page.getByTestId('gaps-checked').locator('li')).not.toHaveCount(0)
    await zhisu.simulator('DELETE', '/faults')
    await page.getByTestId('gap').filter({ hasText: number }).getByTestId('gap-fix').click()
    await expect.poll(missed).toBeUndefined()
    await page.getByTestId('gaps-again').click()
    await expect(page.getByTestId('gap').filter({ hasText: number })).toHaveCount(0)
  })

  await test.step('the owner decides how long data are kept, and sees first what would go', async () => {
    await page.goto(`${zhisu.ready.url}/settings/retention`)
    await page.getByTestId('keep-deliveries').selectOption('days')
    await page.getByTestId('days-deliveries').fill('7')
    await expect(page.getByTestId('retention-save')).toBeDisabled()
    await page.getByTestId('days-deliveries').fill('365')
    await page.getByTestId('retention-preview').click()
    await expect(page.getByTestId('now-deliveries')).toContainText('0')
    await page.getByTestId('retention-save').click()
    await expect.poll(async () => (await zhisu.api<{ settings: { deliveries_days: number } }>('GET', '/settings/retention')).settings.deliveries_days).toBe(365)
    await page.reload()
    await expect(page.getByTestId('days-deliveries')).toHaveValue('365')
    // Nothing is as old as that here, so there is nothing to begin.
    await expect(page.getByTestId('retention-run')).toBeDisabled()
  })
})

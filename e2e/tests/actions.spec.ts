import type { Page } from '@playwright/test'
import { expect, test } from '../fixtures/test'

// Everything that can be done in a case, in one case: answer with pictures, add evidence, appeal, prove the handling of a return.

interface WechatView {
  status: number
  appeal_state: number
  calls: { path: string; body: { mediaIdList?: string[]; acceptReturn?: number; content?: string }; errcode: number }[]
}

const appid = 'wx0a9d3be1724f6c58' // of the demo

test('a case is finished without the console of WeChat', async ({ page, isMobile, zhisu }) => {
  const orderId = await test.step('a customer complains', async () => {
    const { items } = await zhisu.api<{ items: { appid: string }[] }>('GET', '/programs')
    const filed = await zhisu.simulator<{ complaint_order_id: string }>('POST', '/complaints', { appid: items.find((p) => p.appid === appid)?.appid ?? items[0]!.appid, type: 642, amount: 16800 })
    return filed.complaint_order_id
  })
  let id = ''
  await expect
    .poll(async () => {
      const { items } = await zhisu.api<{ items: { id: string; status: number | null }[] }>('GET', `/complaints?q=${orderId}`)
      id = items[0]?.id ?? ''
      return items[0]?.status
    })
    .toBe(201)
  const wechat = () => zhisu.simulator<WechatView>('GET', `/complaints/${orderId}`)
  const calls = async (path: string) => (await wechat()).calls.filter((call) => call.path.endsWith(path))
  const move = async (event: string, status: number, more: object = {}) => {
    await zhisu.simulator('POST', `/complaints/${orderId}/advance`, { event, ...more })
    await expect.poll(async () => (await zhisu.api<{ status: number }>('GET', `/complaints/${id}`)).status).toBe(status)
    await page.goto(`${zhisu.ready.url}/complaints/${id}`)
  }

  await page.goto(`${zhisu.ready.url}/complaints/${id}`)
  await page.getByTestId('login-email').fill(zhisu.ready.email)
  await page.getByTestId('login-password').fill(zhisu.ready.password)
  await page.getByTestId('login-submit').click()
  await expect(page.getByTestId('case')).toContainText(orderId)

  await test.step('answer with a text and three pictures, one of them with a region hidden', async () => {
    await page.getByTestId('decide-refuse').click()
    await page.getByTestId('composer-text').fill('包裹发出时完好，见三张图片。')
    await addPictures(page, isMobile, 3)
    await page.getByTestId('picture').first().hover()
    await page.getByTestId('picture-hide').first().click()
    const board = (await page.locator('[data-testid="picture-editor"] svg').boundingBox())!
    await page.mouse.move(board.x + 10, board.y + 10)
    await page.mouse.down()
    await page.mouse.move(board.x + board.width / 2, board.y + board.height / 2)
    await page.mouse.up()
    await page.getByTestId('picture-editor-done').click()
    await expect(page.getByTestId('picture-editor')).toHaveCount(0)
    // A reload, as of a phone that puts the browser away, loses neither the text nor the pictures.
    await expect(page.getByTestId('picture')).toHaveCount(3)
    await page.waitForFunction(() => Object.keys(localStorage).some((k) => k.startsWith('zhisu.draft.')))
    await page.reload()
    await expect(page.getByTestId('picture')).toHaveCount(3)
    await expect(page.getByTestId('composer-text')).toHaveValue('包裹发出时完好，见三张图片。')
    await send(page)
    await expect.poll(async () => (await wechat()).status).toBe(204)
    const answers = await calls('/bussiRespondComplaint')
    expect(answers).toHaveLength(1)
    expect(answers[0]!.body.mediaIdList).toHaveLength(3)
  })

  await test.step('add evidence when the platform asks for it, with a text to choose from', async () => {
    await move('user_asks_platform', 101)
    await move('platform_asks_evidence', 106)
    await page.getByTestId('open-supplement').click()
    await page.getByTestId('advice-open').click()
    await page.getByTestId('template').first().click()
    await expect(page.getByTestId('composer-text')).not.toHaveValue('')
    await addPictures(page, isMobile, 1)
    await send(page)
    await expect.poll(async () => (await wechat()).status).toBe(107)
    expect(await calls('/bussiSupplyProof')).toHaveLength(1)
  })

  await test.step('appeal against the ruling', async () => {
    await move('platform_rules_merchant', 308, { with_return: true })
    await page.getByTestId('open-appeal').click()
    await page.getByTestId('composer-text').fill('图片可以证明发货时完好，请复核。')
    await send(page)
    await expect.poll(async () => (await wechat()).appeal_state).toBe(403)
    expect(await calls('/busiAppeal')).toHaveLength(1)
  })

  await test.step('prove the handling when the goods came back; whether they arrived has to be said', async () => {
    await move('return_shipped', 309)
    await page.getByTestId('open-refund_proof').click()
    await page.getByTestId('composer-text').fill('已收到退货，并已原路退款。')
    await expect(page.getByTestId('send')).toBeDisabled()
    await page.getByTestId('accept-return-true').check()
    await addPictures(page, isMobile, 1)
    await send(page)
    await expect.poll(async () => (await wechat()).status).toBe(207)
    const [proof, ...more] = await calls('/bussiSupplyRefund')
    expect(more).toEqual([])
    expect(proof!.body).toMatchObject({ acceptReturn: 1, content: '已收到退货，并已原路退款。' })
  })

  await test.step('a note stays with us', async () => {
    await page.goto(`${zhisu.ready.url}/complaints/${id}`)
    await page.getByTestId('note-text').fill('已与仓库核对')
    await page.getByTestId('note-save').click()
    await expect(page.getByTestId('case')).toContainText('的备注：已与仓库核对')
    expect(JSON.stringify((await wechat()).calls)).not.toContain('已与仓库核对')
  })
})

/** A picture as a browser makes it: 400 pixels of noise. */
async function addPictures(page: Page, isMobile: boolean, count: number) {
  const already = await page.getByTestId('picture').count()
  const files = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const base64 = await page.evaluate((seed) => {
        const canvas = document.createElement('canvas')
        canvas.width = canvas.height = 400
        const context = canvas.getContext('2d')!
        for (let n = 0; n < 400; n++) {
          context.fillStyle = `hsl(${(n * 37 + seed * 91) % 360} 60% 60%)`
          context.fillRect((n * 53) % 400, (n * 29 + seed) % 400, 40, 30)
        }
        return canvas.toDataURL('image/jpeg').split(',')[1]!
      }, i + already)
      return { name: `凭证 ${i + 1}.jpg`, mimeType: 'image/jpeg', buffer: Buffer.from(base64, 'base64') }
    }),
  )
  await page.getByTestId(isMobile ? 'picture-album' : 'picture-input').setInputFiles(files)
  await expect(page.locator('[data-testid="picture"][data-state="ready"]')).toHaveCount(already + count)
}

async function send(page: Page) {
  await page.getByTestId('send').click()
  await page.getByTestId('confirm-send').click()
  await expect(page.getByTestId('answer-status')).toHaveAttribute('data-state', 'done', { timeout: 20_000 })
}

interface Told { id: string; status: number | null; automation: { state: string } | null; timeline: { source: string; actor: string | null; text: string }[] }

test('a rule answers what it may, and nothing any more once everything is stopped', async ({ page, isMobile, zhisu }) => {
  const words = '非常抱歉让您久等了，您的订单今天发出。'
  const file = async () => (await zhisu.simulator<{ complaint_order_id: string }>('POST', '/complaints', { appid, type: 612, amount: 88_00 })).complaint_order_id
  const told = async (number: string) => {
    const { items } = await zhisu.api<{ items: Told[] }>('GET', `/complaints?view=all&q=${number}`)
    return items[0] && zhisu.api<Told>('GET', `/complaints/${items[0].id}`)
  }
  const atWeChat = async (number: string) => (await zhisu.simulator<{ status: number }>('GET', `/complaints/${number}`)).status
  const rule = await zhisu.api<{ id: string }>('POST', '/rules', {
    name: '拒绝发货先道歉', program_ids: [], types: [612], amount_max: 100_00, wait_minutes: 0, decision: 'agree', content: words, refund: 'none', max_cases_per_day: 5,
  })
  try {
    await test.step('it is enabled after a look at the past', async () => {
      await page.goto(`${zhisu.ready.url}/${isMobile ? 'complaints' : `rules/${rule.id}`}`)
      await page.getByTestId('login-email').fill(zhisu.ready.email)
      await page.getByTestId('login-password').fill(zhisu.ready.password)
      await page.getByTestId('login-submit').click()
      await expect(page.getByTestId('login-submit')).toHaveCount(0)
      if (isMobile) {
        // Rules are desk work.
        await zhisu.api('POST', `/rules/${rule.id}/replay`)
        await zhisu.api('PATCH', `/rules/${rule.id}`, { state: 'active' })
        return
      }
      await page.getByTestId('rule-replay').click()
      await expect(page.getByTestId('replay')).toBeVisible()
      await page.getByTestId('rule-enable').click()
      await expect(page.getByTestId('rule-pause')).toBeVisible()
    })

    await test.step('a complaint is answered, and the case says by what', async () => {
      const number = await file()
      await expect.poll(() => atWeChat(number), { timeout: 20_000 }).toBe(203)
      await expect.poll(async () => (await told(number))?.automation?.state).toBe('done')
      const c = await told(number)
      await page.goto(`${zhisu.ready.url}/complaints/${c!.id}?view=all`)
      await expect(page.getByTestId('automation')).toBeVisible()
      await expect(page.getByTestId('case')).toContainText(words)
    })

    await test.step('after everything is stopped, the next one is left to people', async () => {
      if (isMobile) {
        await zhisu.api('POST', '/rules/stop')
      } else {
        await page.goto(`${zhisu.ready.url}/rules`)
        await page.getByTestId('rules-stop').click()
        await page.getByTestId('rules-stop-sure').click()
        await expect(page.getByTestId('rules-resume')).toBeVisible()
      }
      const number = await file()
      await expect.poll(async () => (await told(number))?.status).toBe(201)
      await zhisu.api('POST', `/complaints/${(await told(number))!.id}/sync`)
      expect(await atWeChat(number)).toBe(201)
      expect((await told(number))!.automation?.state ?? 'handed_over').toBe('handed_over')
    })
  } finally {
    await zhisu.api('POST', '/rules/resume')
    await zhisu.api('DELETE', `/rules/${rule.id}`)
  }
})

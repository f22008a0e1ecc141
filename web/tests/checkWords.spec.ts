import { createApp } from 'vue'
import { createI18n } from 'vue-i18n'
import { expect, test } from 'vitest'
import { useCheckWords } from '@/desk/connect/useCheckWords'
import en from '@/shared/i18n/locales/en/desk'
import zh from '@/shared/i18n/locales/zh-CN/desk'

function wordsIn(locale: string) {
  let words!: ReturnType<typeof useCheckWords>
  const app = createApp({ setup: () => { words = useCheckWords(); return () => null } })
  app.use(createI18n({ legacy: false, locale, messages: { en, 'zh-CN': zh } }))
  app.mount(document.createElement('div'))
  return words
}
const ticket = { id: 'ticket', state: 'ok', text: '2 分钟前收到微信票据', hint: '之后每 10 分钟一次' }

test('Chinese keeps the sentence of the server, with its time', () => {
  expect(wordsIn('zh-CN')(ticket)).toEqual(ticket)
})

test('English has its own for what it knows, the reason of a failure included as the server gave it', () => {
  const words = wordsIn('en')
  expect(words(ticket)).toEqual({ ...ticket, text: 'WeChat\'s ticket has come', hint: 'Again every 10 minutes' })
  expect(words({ id: 'token', state: 'failed', text: '没有换到平台令牌', hint: '微信拒绝了本机的 IP' })).toMatchObject({ text: 'No token of the platform', hint: '微信拒绝了本机的 IP' })
  expect(words({ ...ticket, id: 'platform_ticket' }).text).toBe('WeChat\'s ticket has come')
  const other = { id: 'channel', state: 'failed', text: '通知渠道「店长邮箱」发送失败' }
  expect(words(other)).toEqual(other)
})

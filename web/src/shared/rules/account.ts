/** Settings of channels with templates: an official account, text messages (reference/notification-channels.md §2.3, §3.5). */
export interface AccountSettings {
  appid: string
  secret: string
  template_id: string
  /** Template key → a fact, or fixed words behind "=". */
  fields: Record<string, string>
  token: string
  encoding_aes_key: string
  push_mode: 'plain' | 'compat' | 'safe'
}

export interface SmsSettings {
  secret_id: string
  secret_key: string
  region: string
  sdk_app_id: string
  sign_name: string
  template_id: string
  template_text: string
  params: string[]
  max_length: number
  daily_limit: number
}

type Stored = Readonly<Record<string, unknown>> | null | undefined
const text = (v: unknown) => (typeof v === 'string' ? v : '')
const count = (v: unknown, otherwise: number) => (typeof v === 'number' ? v : otherwise)

/** Reads what a channel shows of its settings; secrets never come back. */
export function readAccount(stored: Stored): AccountSettings {
  const s = stored ?? {}
  const fields = s.fields && typeof s.fields === 'object' ? s.fields as Record<string, string> : {}
  const mode = s.push_mode
  return {
    appid: text(s.appid), secret: '', template_id: text(s.template_id), fields: { ...fields }, token: '', encoding_aes_key: '',
    push_mode: mode === 'plain' || mode === 'compat' ? mode : 'safe',
  }
}

export function readSms(stored: Stored): SmsSettings {
  const s = stored ?? {}
  return {
    secret_id: text(s.secret_id), secret_key: '', region: text(s.region) || 'ap-guangzhou', sdk_app_id: text(s.sdk_app_id), sign_name: text(s.sign_name),
    template_id: text(s.template_id), template_text: text(s.template_text), params: Array.isArray(s.params) ? s.params.map(String) : ['order_tail', 'left_hours'],
    max_length: count(s.max_length, 12), daily_limit: count(s.daily_limit, 2),
  }
}

/** What goes to the server: a secret that is left empty stays as it is. */
export function withoutEmptySecrets(s: object, secrets: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(s).filter(([k, v]) => v !== '' || !secrets.includes(k)))
}

/** Nothing = all is there. */
export function accountFault(s: AccountSettings, kept: readonly string[]): 'appid' | 'secret' | 'template' | 'fields' | 'aesKey' | null {
  if (!/^wx[0-9a-zA-Z]{6,}$/.test(s.appid.trim())) return 'appid'
  if (!s.secret && !kept.includes('secret')) return 'secret'
  if (!s.template_id.trim()) return 'template'
  const values = Object.values(s.fields)
  if (!values.length || values.some(v => !v)) return 'fields'
  if ((s.token || kept.includes('token')) && s.push_mode !== 'plain' && !s.encoding_aes_key && !kept.includes('encoding_aes_key')) return 'aesKey'
  return null
}

export function smsFault(s: SmsSettings, kept: readonly string[]): 'secretId' | 'secretKey' | 'sdkAppId' | 'sign' | 'template' | 'params' | null {
  if (!s.secret_id.trim()) return 'secretId'
  if (!s.secret_key && !kept.includes('secret_key')) return 'secretKey'
  if (!/^\d{3,}$/.test(s.sdk_app_id.trim())) return 'sdkAppId'
  if (!s.sign_name.trim()) return 'sign'
  if (!/^\d{3,}$/.test(s.template_id.trim())) return 'template'
  if (s.params.some(p => !p) || (s.template_text && placesIn(s.template_text) !== s.params.length)) return 'params'
  return null
}

/** How many different {1}, {2}… a text has. */
export function placesIn(template: string): number {
  return new Set([...template.matchAll(/\{\s*(\d{1,2})\s*\}/g)].map(m => m[1])).size
}

/** Facts that a place of this type takes: a time takes times only, an SMS never a link. */
export function factsFor(type: string, names: readonly string[]): string[] {
  if (type === 'time' || type === 'date') return names.filter(n => n === 'due' || n === 'created')
  if (type === 'const') return []
  return names.filter(n => n !== 'link')
}

/** The fact that a place most likely wants, by its type and the words before it. */
export function guessFact(type: string, label: string): string {
  if (type === 'const') return '='
  if (type === 'amount') return 'amount'
  if (type === 'time' || type === 'date') return /截止|到期|期限/.test(label) ? 'due' : 'created'
  if (type === 'number') return 'left_hours'
  if (type === 'character_string') return 'order_no'
  if (type === 'phrase') return 'stage'
  if (/商品|产品/.test(label)) return 'product'
  if (/店|商户|小程序|项目|名称/.test(label)) return 'program'
  if (/时间|剩余/.test(label)) return 'left'
  return /类型|问题|原因/.test(label) ? 'problem' : 'event'
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Letters and figures that nobody can guess, for a Token (32) or an EncodingAESKey (43). */
export function randomLetters(n: number): string {
  let out = ''
  // Values past the last whole multiple of 62 would make some letters likelier than others.
  while (out.length < n) for (const b of crypto.getRandomValues(new Uint8Array(n))) if (b < 248 && out.length < n) out += LETTERS[b % 62]
  return out
}

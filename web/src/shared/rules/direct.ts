/** What WeChat's console calls these in every language. */
export const WECHAT = { url: 'URL', secret: 'AppSecret', token: 'Token', key: 'EncodingAESKey', xml: 'XML', json: 'JSON' } as const

export type PushMode = 'plain' | 'compat' | 'safe'
export type CheckState = 'ok' | 'waiting' | 'failed'

export interface DirectHealth {
  last_error?: string | null
  info_synced_at?: number | null
  direct?: { url_checked_at: number | null, last_push_at: number | null, refused_at: number | null, refusal: string | null } | null
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** A Token or Key to paste into WeChat's console. Bytes past the last whole round of letters are drawn again, so that all are equally likely. */
export function fresh(length: number): string {
  let out = ''
  while (out.length < length) {
    for (const b of crypto.getRandomValues(new Uint8Array(length * 2))) {
      if (b < LETTERS.length * 4 && out.length < length) out += LETTERS[b % LETTERS.length]
    }
  }
  return out
}

/** What can be seen of a program's own credentials. A text is the server's own sentence. */
export function directChecks(p: DirectHealth): { id: 'token' | 'url' | 'push', state: CheckState, text?: string, at?: number }[] {
  const d = p.direct
  const refused = d?.refused_at ? d.refusal ?? undefined : undefined
  return [
    p.last_error ? { id: 'token', state: 'failed', text: p.last_error } : { id: 'token', state: p.info_synced_at ? 'ok' : 'waiting' },
    { id: 'url', state: d?.url_checked_at || d?.last_push_at ? 'ok' : 'waiting', at: d?.url_checked_at ?? d?.last_push_at ?? undefined },
    refused ? { id: 'push', state: 'failed', text: refused } : { id: 'push', state: d?.last_push_at ? 'ok' : 'waiting', at: d?.last_push_at ?? undefined },
  ]
}

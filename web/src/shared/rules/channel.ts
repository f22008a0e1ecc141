/** The kinds of channel this interface can set up, in the order they are offered. */
export const CHANNEL_KINDS = ['email', 'offiaccount', 'sms', 'wecom', 'dingtalk', 'feishu', 'webhook'] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]

/** A robot or webhook is its own receiver: there is no address to fill in. */
export function hasAddress(kind: string | undefined): boolean {
  return kind === 'email' || kind === 'offiaccount' || kind === 'sms'
}

export interface HookSettings { url: string, secret: string }

/** The signing secret may be left out where the provider makes it optional. */
export function needsSecret(kind: ChannelKind): boolean {
  return kind === 'dingtalk' || kind === 'webhook'
}

export function takesSecret(kind: ChannelKind): boolean {
  return kind !== 'wecom' && kind !== 'email'
}

/** Nothing = all is there. What is kept on the server may stay empty; a webhook's address is shown, a robot's is a secret. */
export function hookFault(kind: ChannelKind, s: HookSettings, kept: readonly string[]): 'url' | 'secret' | null {
  const url = s.url.trim()
  if (url ? !/^https?:\/\/[^\s/]+/.test(url) : !kept.includes('url')) return 'url'
  if (needsSecret(kind) && !s.secret.trim() && !kept.includes('secret')) return 'secret'
  return null
}

/** What goes to the server: what is empty is left out and so stays as it is. */
export function writeHook(s: HookSettings): Record<string, string> {
  return Object.fromEntries(Object.entries({ url: s.url.trim(), secret: s.secret.trim() }).filter(([, v]) => v))
}

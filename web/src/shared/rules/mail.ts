/** Where the usual mail providers take mail (reference/notification-channels.md §1.1). */
export interface MailSettings { host: string, port: number, security: 'tls' | 'starttls' | 'none', username: string, password: string, from_name: string }

export type MailPreset = '163' | '126' | 'qiye163' | 'qq' | 'exmail' | 'aliyun' | 'gmail' | 'outlook' | 'custom'

export const MAIL_PRESETS: Record<Exclude<MailPreset, 'custom'>, Pick<MailSettings, 'host' | 'port' | 'security'>> = {
  163: { host: 'smtp.163.com', port: 465, security: 'tls' },
  qq: { host: 'smtp.qq.com', port: 465, security: 'tls' },
  exmail: { host: 'smtp.exmail.qq.com', port: 465, security: 'tls' },
  126: { host: 'smtp.126.com', port: 465, security: 'tls' },
  qiye163: { host: 'smtp.qiye.163.com', port: 465, security: 'tls' },
  aliyun: { host: 'smtp.qiye.aliyun.com', port: 465, security: 'tls' },
  gmail: { host: 'smtp.gmail.com', port: 465, security: 'tls' },
  outlook: { host: 'smtp-mail.outlook.com', port: 587, security: 'starttls' },
}

export const PRESETS: readonly MailPreset[] = ['163', 'qq', 'exmail', '126', 'qiye163', 'aliyun', 'gmail', 'outlook', 'custom']

export function presetOf(host: string | undefined): MailPreset {
  const found = (Object.entries(MAIL_PRESETS) as [MailPreset, { host: string }][]).find(([, p]) => p.host === host)
  return found?.[0] ?? 'custom'
}

/** Reads what a channel shows of its settings; the password never comes back. */
export function readMail(settings: Readonly<Record<string, unknown>> | null | undefined): MailSettings {
  const s = settings ?? {}
  const text = (v: unknown) => (typeof v === 'string' ? v : '')
  const security = s.security === 'starttls' || s.security === 'none' ? s.security : 'tls'
  return {
    host: text(s.host), port: typeof s.port === 'number' ? s.port : 465, security, username: text(s.username), password: '', from_name: text(s.from_name),
  }
}

/** What goes to the server: an empty password is left out and so stays as it is. */
export function writeMail(m: MailSettings): Record<string, unknown> {
  const { password, ...rest } = m
  return password ? { ...rest, password } : rest
}

export function isAddress(text: string): boolean {
  return /^[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+$/.test(text.trim())
}

/** Nothing = all is there. The password may stay empty when one is kept already. */
export function mailFault(m: MailSettings, kept: boolean): 'host' | 'port' | 'username' | 'password' | null {
  if (!/^[A-Za-z0-9.-]+$/.test(m.host.trim())) return 'host'
  if (!Number.isInteger(m.port) || m.port < 1 || m.port > 65535) return 'port'
  if (m.security !== 'none' && !m.username.trim()) return 'username'
  if (m.username.trim() && !m.password && !kept) return 'password'
  return null
}

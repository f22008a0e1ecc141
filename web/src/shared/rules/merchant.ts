/** What a merchant copies from WeChat Pay's console (reference/wechat-pay.md §2.4). Nothing here looks into a key; the server does. */
export type PemKind = 'private_key' | 'certificate' | 'public_key' | 'encrypted_key' | 'other'

export interface PemPart { kind: PemKind, text: string }

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g

function kindOf(label: string): PemKind {
  switch (label) {
    case 'PRIVATE KEY': case 'RSA PRIVATE KEY': return 'private_key'
    case 'ENCRYPTED PRIVATE KEY': return 'encrypted_key'
    case 'CERTIFICATE': return 'certificate'
    case 'PUBLIC KEY': case 'RSA PUBLIC KEY': return 'public_key'
    default: return 'other'
  }
}

/** The PEM blocks of a text: several files pasted one after the other, notes of openssl between them, BOM and CRLF. */
export function pemParts(text: string): PemPart[] {
  return [...text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n').matchAll(BLOCK)].map(m => ({ kind: kindOf(m[1]!), text: `${m[0]}\n` }))
}

export const pemOf = (text: string, kind: PemKind) => pemParts(text).find(p => p.kind === kind)?.text ?? ''

/** A .p12 goes to the server as base64, in pieces that no argument list is too long for. */
export function base64(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 0x8000) out += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return btoa(out)
}

export function isP12(name: string): boolean {
  return /\.(p12|pfx)$/i.test(name)
}

/** 32 letters and digits; which of the two keys of 32 signs it is, only WeChat knows. */
export function isApiV3Key(text: string): boolean {
  return /^[0-9A-Za-z]{32}$/.test(text.trim())
}

export const isMchid = (text: string) => /^\d{4,32}$/.test(text.trim())
export const isPublicKeyId = (text: string) => /^PUB_KEY_ID_\d+$/.test(text.trim())

export interface MerchantDraft {
  mode: 'direct' | 'partner'
  name: string
  mchid: string
  sp_mchid: string
  api_v3_key: string
  /** what was pasted or read from files: private key and certificate in any order */
  pem: string
  p12: string
  p12_password: string
  verify: 'public_key' | 'platform_cert'
  public_key_id: string
  public_key_pem: string
}

export type MerchantFault = 'name' | 'sp_mchid' | 'mchid' | 'api_v3_key' | 'key_missing' | 'cert_missing' | 'swapped' | 'encrypted' | 'public_key_id' | 'public_key'

/** Nothing = all is there. What is kept on the server may stay empty. */
export function merchantFault(d: MerchantDraft, kept: { api_v3_key: boolean, private_key: boolean, public_key: boolean }): MerchantFault | null {
  if (!d.name.trim()) return 'name'
  if (d.mode === 'partner' && !isMchid(d.sp_mchid)) return 'sp_mchid'
  if (!isMchid(d.mchid)) return 'mchid'
  if (d.api_v3_key ? !isApiV3Key(d.api_v3_key) : !kept.api_v3_key) return 'api_v3_key'
  return credentialFault(d, kept.private_key) ?? verifyFault(d, kept.public_key)
}

function credentialFault(d: MerchantDraft, kept: boolean): MerchantFault | null {
  if (d.p12) return null
  if (!d.pem.trim()) return kept ? null : 'key_missing'
  const kinds = pemParts(d.pem).map(p => p.kind)
  if (kinds.includes('encrypted_key')) return 'encrypted'
  if (kinds.includes('public_key') && !kinds.includes('private_key')) return 'swapped'
  if (!kinds.includes('private_key')) return 'key_missing'
  return kinds.includes('certificate') ? null : 'cert_missing'
}

function verifyFault(d: MerchantDraft, kept: boolean): MerchantFault | null {
  if (d.verify !== 'public_key') return null
  if (!isPublicKeyId(d.public_key_id)) return 'public_key_id'
  if (d.public_key_pem.trim() ? !pemOf(d.public_key_pem, 'public_key') : !kept) return 'public_key'
  return null
}

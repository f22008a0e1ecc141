import { describe, expect, test } from 'vitest'
import { base64, isApiV3Key, isP12, merchantFault, pemParts, type MerchantDraft } from '@/shared/rules/merchant'

const block = (label: string) => `-----BEGIN ${label}-----\nMIIE\n-----END ${label}-----\n`
const draft = (part: Partial<MerchantDraft> = {}): MerchantDraft => ({
  mode: 'direct', name: '鹿野户外', mchid: '1608000092', sp_mchid: '', api_v3_key: 'a'.repeat(32), pem: block('PRIVATE KEY') + block('CERTIFICATE'), p12: '', p12_password: '',
  verify: 'platform_cert', public_key_id: '', public_key_pem: '', ...part,
})
const none = { api_v3_key: false, private_key: false, public_key: false }
const all = { api_v3_key: true, private_key: true, public_key: true }

describe('what was pasted', () => {
  test('is told apart by its own words, in any order, with anything between', () => {
    const text = `\uFEFFBag Attributes\r\n${block('CERTIFICATE').replaceAll('\n', '\r\n')}subject=CN\n${block('RSA PRIVATE KEY')}`
    expect(pemParts(text).map(p => p.kind)).toEqual(['certificate', 'private_key'])
    expect(pemParts(text)[0]!.text).toBe(block('CERTIFICATE'))
  })
  test('a half-copied block is none', () => {
    expect(pemParts('-----BEGIN PRIVATE KEY-----\nMIIE')).toEqual([])
  })
  test('a .p12 is known by its name and goes as base64', () => {
    expect([isP12('apiclient_cert.p12'), isP12('a.PFX'), isP12('apiclient_key.pem')]).toEqual([true, true, false])
    expect(base64(new Uint8Array([0, 255, 16]))).toBe('AP8Q')
    expect(base64(new Uint8Array(100_000)).length).toBe(133_336)
  })
})

describe('a merchant', () => {
  test('is complete with its key and certificate', () => expect(merchantFault(draft(), none)).toBeNull())
  test('or with a .p12 alone', () => expect(merchantFault(draft({ pem: '', p12: 'AAAA' }), none)).toBeNull())
  test('or with what is kept already', () => expect(merchantFault(draft({ pem: '', api_v3_key: '' }), all)).toBeNull())

  test.each<[Partial<MerchantDraft>, string]>([
    [{ name: ' ' }, 'name'], [{ mchid: '16a' }, 'mchid'], [{ mode: 'partner' }, 'sp_mchid'], [{ api_v3_key: '' }, 'api_v3_key'], [{ api_v3_key: 'short' }, 'api_v3_key'],
    [{ pem: '' }, 'key_missing'], [{ pem: block('CERTIFICATE') }, 'key_missing'], [{ pem: block('PRIVATE KEY') }, 'cert_missing'], [{ pem: block('PUBLIC KEY') }, 'swapped'],
    [{ pem: block('ENCRYPTED PRIVATE KEY') + block('CERTIFICATE') }, 'encrypted'], [{ verify: 'public_key' }, 'public_key_id'],
    [{ verify: 'public_key', public_key_id: 'PUB_KEY_ID_011', public_key_pem: block('CERTIFICATE') }, 'public_key'],
  ])('with %j lacks %s', (part, fault) => expect(merchantFault(draft(part), none)).toBe(fault))

  test('its APIv3 key is 32 letters and digits', () => {
    expect(isApiV3Key(' abcdefghijklmnopqrstuvwxyz012345 ')).toBe(true)
    expect(isApiV3Key('abcdefghijklmnopqrstuvwxyz01234-')).toBe(false)
  })
})

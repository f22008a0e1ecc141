import { createI18n, type I18n } from 'vue-i18n'
import { compile } from './message'

export const LOCALES = ['zh-CN', 'en'] as const
export type Locale = (typeof LOCALES)[number]
/** The words all pages share, and those of each face, so that a phone does not load the desk's. */
export type Part = 'shared' | 'desk' | 'phone'

type Words = Record<string, unknown>

const files: Record<Locale, Record<Part, () => Promise<{ default: Words }>>> = {
  'zh-CN': {
    shared: () => import('./locales/zh-CN/shared'),
    desk: () => import('./locales/zh-CN/desk'),
    phone: () => import('./locales/zh-CN/phone'),
  },
  'en': {
    shared: () => import('./locales/en/shared'),
    desk: () => import('./locales/en/desk'),
    phone: () => import('./locales/en/phone'),
  },
}

const STORED = 'zhisu.locale'

/** The language chosen here before; otherwise Chinese. */
export function chosenLocale(): Locale {
  try {
    return localStorage.getItem(STORED) === 'en' ? 'en' : 'zh-CN'
  } catch {
    return 'zh-CN'
  }
}

const loaded = new Set<string>()

export const i18n: I18n<Words, Words, Words, string, false> = createI18n({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: 'zh-CN',
  missingWarn: false,
  fallbackWarn: false,
  messages: {},
  messageCompiler: compile,
})

/** A face may say a shared sentence shorter: its own words are laid over the shared ones. */
async function load(locale: Locale, face: Part): Promise<void> {
  const parts: Part[] = ['shared', face]
  const words = await Promise.all(parts.map(part => files[locale][part]()))
  const id = `${locale}/${face}`
  if (loaded.has(id)) return
  loaded.add(id)
  for (const w of words) i18n.global.mergeLocaleMessage(locale, w.default)
}

export async function useLocale(locale: Locale, part: Part): Promise<void> {
  await load(locale, part)
  i18n.global.locale.value = locale
  document.documentElement.lang = locale
  try {
    localStorage.setItem(STORED, locale)
  } catch {
    // Private windows may forbid it; the choice then lasts as long as the page.
  }
}

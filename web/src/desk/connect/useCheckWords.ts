import { useI18n } from 'vue-i18n'

/** The server words its checks in Chinese; other languages have sentences of their own for what they know, and keep the server's for the rest. */
export function useCheckWords() {
  const { t, te, locale } = useI18n()
  return function words<C extends { id: string, state: string, text: string, hint?: string }>(c: C): C {
    const key = `connect.check.${c.id.replace(/^platform_/, '')}.${c.state}` // so the workbench calls what the platform's page shows
    if (locale.value === 'zh-CN' || !te(`${key}.text`)) return c
    return { ...c, text: t(`${key}.text`), hint: te(`${key}.hint`) ? t(`${key}.hint`) : c.hint }
  }
}

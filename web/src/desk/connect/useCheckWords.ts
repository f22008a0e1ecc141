import { useI18n } from 'vue-i18n'

/** The server words its checks in Chinese; other languages have sentences of their own for what they know, and keep the server's for the rest. */
export function useCheckWords() {
  const { t, te, locale } = useI18n()
  return function words<C extends { id: string, state: string, text: string, hint?: string, code?: string | null, params?: Record<string, string> | null }>(c: C): C {
    if (c.code && te(`told.${c.code}`)) {
      const then = [`told.${c.code}_then`, `told.set_${c.params?.set}`].find(k => te(k))
      return { ...c, text: t(`told.${c.code}`, c.params ?? {}), hint: then ? t(then) : c.hint }
    }
    const key = `connect.check.${c.id.replace(/^platform_/, '')}.${c.state}` // so the workbench calls what the platform's page shows
    if (locale.value === 'zh-CN' || !te(`${key}.text`)) return c
    return { ...c, text: t(`${key}.text`), hint: te(`${key}.hint`) ? t(`${key}.hint`) : c.hint }
  }
}

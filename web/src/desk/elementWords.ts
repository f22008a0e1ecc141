import type { Language } from 'element-plus/es/locale/index.mjs'

type Say = (key: string) => string

/** The few words Element Plus itself writes on our pages. */
export function elementWords(name: string, t: Say): Language {
  return {
    name,
    el: {
      select: { loading: t('wait.loading'), noMatch: t('empty.noMatch'), noData: t('empty.noData'), placeholder: t('act.choose') },
      dialog: { close: t('act.close') },
      drawer: { close: t('act.close') },
      messagebox: { title: '', confirm: t('act.ok'), cancel: t('act.cancel'), close: t('act.close'), error: '' },
      popconfirm: { confirmButtonText: t('act.ok'), cancelButtonText: t('act.cancel') },
      dropdown: { toggleDropdown: t('act.more') },
      image: { error: t('empty.noPicture') },
    },
  } as unknown as Language
}

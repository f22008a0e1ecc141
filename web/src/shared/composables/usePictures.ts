import { computed, ref, toValue, watch, type MaybeRefOrGetter, type Ref } from 'vue'
import { api, take } from '@/shared/api/client'
import { ApiProblem, asProblem } from '@/shared/api/problem'
import type { Evidence } from '@/shared/api/types'
import type { Picture } from '@/shared/drafts'
import { upload } from '@/shared/upload'

/** A picture of an answer: on its way, failed, or on the server. */
export interface Item {
  key: string
  name: string
  /** What is shown: the server's picture, or the file itself until it is there. */
  url: string
  /** 0 to 100 */
  progress: number
  problem: ApiProblem | null
  picture: Picture | null
  file: File | null
}

/** WeChat states no limit; this is ours (MaxEvidence). */
export const MAX_PICTURES = 9
const MAX_BYTES = 20 << 20

const pictureOf = (e: Evidence): Picture => ({ id: e.id, url: e.url, name: e.name, width: e.width, height: e.height })

export interface Region { x: number, y: number, width: number, height: number }

/** The pictures of one answer, in order. What is on the server is kept in the draft; a failed upload stays with its file until it works or is taken out. */
export function usePictures(complaint: MaybeRefOrGetter<string>, kept: Ref<Picture[]>) {
  const items = ref<Item[]>([])
  const changing = ref<string | null>(null)
  let count = 0
  let own = false

  const itemOf = (p: Picture): Item => ({ key: p.id, name: p.name, url: p.url, progress: 100, problem: null, picture: p, file: null })

  // A draft that was opened, or thrown away, brings its own pictures.
  watch(kept, (pictures) => {
    if (own) return
    items.value.forEach(release)
    items.value = pictures.map(itemOf)
  }, { immediate: true, flush: 'sync' })

  function keep() {
    own = true
    kept.value = items.value.flatMap(i => (i.picture ? [i.picture] : []))
    own = false
  }

  function release(item: Item) {
    if (item.url.startsWith('blob:')) URL.revokeObjectURL(item.url)
  }

  function add(files: Iterable<File>) {
    for (const file of files) {
      if (items.value.length >= MAX_PICTURES) return
      const key = `new-${count++}`
      items.value.push({ key, name: file.name, url: URL.createObjectURL(file), progress: 0, problem: null, picture: null, file })
      void send(key)
    }
  }

  const find = (key: string) => items.value.find(i => i.key === key)

  async function send(key: string) {
    const item = find(key)
    if (!item?.file) return
    item.problem = null
    item.progress = 0
    try {
      if (item.file.size > MAX_BYTES) throw new ApiProblem(413, 'evidence_too_large', '')
      const evidence = await upload(item.file, toValue(complaint), (percent) => { item.progress = percent })
      if (!find(key)) return // taken out meanwhile
      release(item)
      Object.assign(item, { picture: pictureOf(evidence), url: evidence.url, name: evidence.name, file: null, progress: 100 })
      keep()
    } catch (error) {
      item.problem = asProblem(error)
    }
  }

  function remove(key: string) {
    const item = find(key)
    if (!item) return
    release(item)
    items.value = items.value.filter(i => i.key !== key)
    keep()
  }

  function move(key: string, to: number) {
    const from = items.value.findIndex(i => i.key === key)
    if (from < 0 || to < 0 || to >= items.value.length || to === from) return
    const [item] = items.value.splice(from, 1)
    items.value.splice(to, 0, item!)
    keep()
  }

  /** Turns a picture clockwise, then hides regions of it. The server makes a new picture; the old one stays as it was. */
  async function change(key: string, rotate: 0 | 90 | 180 | 270, redact: Region[] = []) {
    const item = find(key)
    if (!item?.picture || changing.value) return
    changing.value = key
    item.problem = null
    try {
      const evidence = await take(api.POST('/api/v1/evidence/{id}/edit', { params: { path: { id: item.picture.id } }, body: { rotate, redact } }))
      Object.assign(item, { picture: pictureOf(evidence), url: evidence.url, name: evidence.name })
      keep()
    } catch (error) {
      item.problem = asProblem(error)
    } finally {
      changing.value = null
    }
  }

  return {
    items,
    changing,
    add,
    retry: send,
    remove,
    move,
    change,
    room: computed(() => MAX_PICTURES - items.value.length),
    busy: computed(() => changing.value !== null || items.value.some(i => !i.picture && !i.problem)),
    failed: computed(() => items.value.some(i => !i.picture && i.problem)),
  }
}

import { reactive } from 'vue'

/** A picture that is on the server already. */
export interface Picture { id: string, url: string, name: string, width: number, height: number }

/** What the composer keeps between two visits: per person, complaint and kind of answer. */
export interface Draft { text: string, decision: string | null, at: number, pictures: Picture[] }

const PREFIX = 'zhisu.draft.'
const KEEP = 30 * 24 * 3600 * 1000

// Which complaints have one, so that lists can say so without reading the storage in every row.
const known = reactive(new Set<string>())

const keyOf = (owner: string, complaint: string, kind: string) => `${PREFIX}${owner}.${complaint}.${kind}`
const mark = (owner: string, complaint: string) => `${owner}.${complaint}`

/** Reads the storage once after login: remembers which complaints have drafts, throws away what is older than 30 days. */
export function openDrafts(owner: string, now: number, storage: Storage = localStorage): void {
  known.clear()
  for (const key of Object.keys(storage).filter(k => k.startsWith(PREFIX))) {
    const draft = parse(storage.getItem(key))
    if (!draft || now - draft.at > KEEP) {
      storage.removeItem(key)
      continue
    }
    const [o, complaint] = key.slice(PREFIX.length).split('.')
    if (o === owner && complaint) known.add(mark(o, complaint))
  }
}

export function readDraft(owner: string, complaint: string, kind: string, storage: Storage = localStorage): Draft | null {
  try {
    return parse(storage.getItem(keyOf(owner, complaint, kind)))
  } catch {
    return null
  }
}

/** Answers whether it is kept: a full or forbidden storage must be said, not hidden. Without a text and pictures there is no draft. */
export function writeDraft(owner: string, complaint: string, kind: string, draft: Draft, storage: Storage = localStorage): boolean {
  if (!draft.text.trim() && !draft.pictures.length) {
    removeDraft(owner, complaint, kind, storage)
    return true
  }
  try {
    storage.setItem(keyOf(owner, complaint, kind), JSON.stringify(draft))
  } catch {
    return false
  }
  known.add(mark(owner, complaint))
  return true
}

export function removeDraft(owner: string, complaint: string, kind: string, storage: Storage = localStorage): void {
  try {
    storage.removeItem(keyOf(owner, complaint, kind))
    const others = Object.keys(storage).some(k => k.startsWith(`${PREFIX}${owner}.${complaint}.`))
    if (!others) known.delete(mark(owner, complaint))
  } catch {
    known.delete(mark(owner, complaint))
  }
}

export function hasDraft(owner: string, complaint: string): boolean {
  return known.has(mark(owner, complaint))
}

function isPicture(p: unknown): p is Picture {
  const v = p as Partial<Picture> | null
  return !!v && typeof v.id === 'string' && typeof v.url === 'string'
}

function parse(text: string | null): Draft | null {
  if (!text) return null
  try {
    const value = JSON.parse(text) as Partial<Draft>
    if (typeof value.text !== 'string' || typeof value.at !== 'number') return null
    return { text: value.text, decision: value.decision ?? null, at: value.at, pictures: (value.pictures ?? []).filter(isPicture) }
  } catch {
    return null
  }
}

import { beforeEach, describe, expect, test } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { useDraft } from '@/shared/composables/useDraft'
import { hasDraft, openDrafts, readDraft, removeDraft, writeDraft } from '@/shared/drafts'

const now = Date.now()
const draft = { text: '非常抱歉', decision: 'agree', at: now, pictures: [] }

beforeEach(() => {
  localStorage.clear()
  openDrafts('u1', now)
})

describe('what is written stays until it is sent', () => {
  test('by person, complaint and kind', () => {
    expect(writeDraft('u1', 'c1', 'respond', draft)).toBe(true)
    expect(readDraft('u1', 'c1', 'respond')).toEqual(draft)
    expect(readDraft('u2', 'c1', 'respond')).toBeNull()
    expect(readDraft('u1', 'c2', 'respond')).toBeNull()
    expect(readDraft('u1', 'c1', 'appeal')).toBeNull()
  })

  test('lists know of it at once and forget it with it', () => {
    writeDraft('u1', 'c1', 'respond', draft)
    expect(hasDraft('u1', 'c1')).toBe(true)
    removeDraft('u1', 'c1', 'respond')
    expect(hasDraft('u1', 'c1')).toBe(false)
  })

  test('a second kind of draft keeps the mark', () => {
    writeDraft('u1', 'c1', 'respond', draft)
    writeDraft('u1', 'c1', 'appeal', draft)
    removeDraft('u1', 'c1', 'respond')
    expect(hasDraft('u1', 'c1')).toBe(true)
  })

  test('an emptied text is no draft', () => {
    writeDraft('u1', 'c1', 'respond', draft)
    writeDraft('u1', 'c1', 'respond', { ...draft, text: '  ' })
    expect(readDraft('u1', 'c1', 'respond')).toBeNull()
    expect(hasDraft('u1', 'c1')).toBe(false)
  })

  test('after 30 days it is thrown away', () => {
    writeDraft('u1', 'old', 'respond', { ...draft, at: now - 31 * 24 * 3600 * 1000 })
    writeDraft('u1', 'new', 'respond', draft)
    openDrafts('u1', now)
    expect(hasDraft('u1', 'old')).toBe(false)
    expect(readDraft('u1', 'old', 'respond')).toBeNull()
    expect(hasDraft('u1', 'new')).toBe(true)
  })

  test('a full storage is said, not hidden', () => {
    const full = { setItem() { throw new DOMException('full', 'QuotaExceededError') }, getItem: () => null, removeItem: () => undefined } as unknown as Storage
    expect(writeDraft('u1', 'c1', 'respond', draft, full)).toBe(false)
  })

  test('what somebody else put under the name is not believed', () => {
    localStorage.setItem('zhisu.draft.u1.c1.respond', '{"text":5}')
    expect(readDraft('u1', 'c1', 'respond')).toBeNull()
    localStorage.setItem('zhisu.draft.u1.c1.respond', 'not json')
    expect(readDraft('u1', 'c1', 'respond')).toBeNull()
  })
})

describe('the composer', () => {
  const open = (complaint = ref('c1'), owner = ref('u1')) => {
    const scope = effectScope()
    return { ...scope.run(() => useDraft(owner, complaint, 'respond'))!, complaint, owner, close: () => scope.stop() }
  }

  test('keeps the last words when it is closed in the middle of a sentence', () => {
    const d = open()
    d.text.value = '写到一半'
    d.close()
    expect(readDraft('u1', 'c1', 'respond')?.text).toBe('写到一半')
  })

  test('does not mix two complaints', async () => {
    const d = open()
    d.text.value = '给甲的话'
    d.complaint.value = 'c2'
    await nextTick()
    expect(d.text.value).toBe('')
    expect(readDraft('u1', 'c1', 'respond')?.text).toBe('给甲的话')
    d.complaint.value = 'c1'
    expect(d.text.value).toBe('给甲的话')
    d.close()
  })

  test('drops a text that has been sent from another page meanwhile, not one written later', () => {
    writeDraft('u1', 'c1', 'respond', { ...draft, at: 1000 })
    const d = open()
    d.discardIfOlderThan(999)
    expect(d.text.value).toBe('非常抱歉')
    d.discardIfOlderThan(1001)
    expect(d.text.value).toBe('')
    expect(readDraft('u1', 'c1', 'respond')).toBeNull()
    d.close()
  })
})

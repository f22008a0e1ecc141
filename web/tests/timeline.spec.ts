import { describe, expect, test } from 'vitest'
import type { TimelineEntry } from '@/shared/api/types'
import { deadlineKey, withoutRepeat } from '@/shared/composables/useTimeline'

const picture = (url: string) => ({ url, archived: false, sha256: null })
const entry = (part: Partial<TimelineEntry>): TimelineEntry => ({ at: 1, source: 'wechat', kind: '1', text: '', images: [], actor: null, due_from: null, due_to: null, ...part })
const complaint = { timeline: [], content: '罐子瘪了', images: [picture('/a'), picture('/b')] }

describe('the complaint’s own text stands above the timeline', () => {
  test('so its entry keeps only what happened', () => {
    const shown = withoutRepeat(entry({ text: '用户发起投诉：罐子瘪了', images: [picture('/a'), picture('/c')] }), complaint)
    expect(shown.text).toBe('用户发起投诉')
    expect(shown.images.map(i => i.url)).toEqual(['/c'])
  })

  test.each([
    ['another text of WeChat', entry({ text: '用户补充留言：还是没人理', images: [picture('/a')] })],
    ['a colleague who quotes it', entry({ source: 'staff', text: '用户说：罐子瘪了' })],
    ['an entry that is nothing else', entry({ text: '罐子瘪了' })],
  ])('%s stays whole', (_name, e) => {
    expect(withoutRepeat(e, complaint)).toEqual(e)
  })

  test('a complaint without text changes nothing', () => {
    const e = entry({ text: '用户发起投诉' })
    expect(withoutRepeat(e, { ...complaint, content: null })).toEqual(e)
  })
})

describe('an entry about a deadline', () => {
  test.each([
    ['tells that there is one now', { due_to: 5 }, 'case.dueSet'],
    ['tells both moments when it was moved', { due_from: 3, due_to: 5 }, 'case.dueMoved'],
    ['tells that there is none any more', { due_from: 3 }, 'case.dueGone'],
  ])('%s', (_name, due, key) => {
    expect(deadlineKey(entry({ kind: 'deadline', ...due }))).toBe(key)
  })

  test('is told apart from every other one', () => {
    expect(deadlineKey(entry({ kind: 'node_1' }))).toBeNull()
  })
})

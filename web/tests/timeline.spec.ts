import { describe, expect, test } from 'vitest'
import type { TimelineEntry } from '@/shared/api/types'
import { deadlineKey, withoutEcho, withoutRepeat } from '@/shared/composables/useTimeline'

const picture = (url: string) => ({ url, archived: false, sha256: null })
const entry = (part: Partial<TimelineEntry>): TimelineEntry => ({
  at: 1, source: 'wechat', kind: '1', word: '1', about: null, said: part.text?.includes('：') ? part.text.slice(part.text.indexOf('：') + 1) : null,
  text: '', images: [], actor: null, due_from: null, due_to: null, ...part,
})
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

describe('what WeChat repeats of our answer', () => {
  const ours = entry({ at: 5000, source: 'staff', kind: 'respond', actor: '周敏', text: '同意和解：已为您补寄：请查收' })
  const node = entry({ at: 6000, kind: 'node_109', text: '商家已回应：已为您补寄：请查收', images: [picture('/c')] })

  test('keeps that it arrived, and its pictures', () => {
    expect(withoutEcho(node, [node, ours])).toEqual({ ...node, text: '商家已回应', said: null })
  })

  test.each([
    ['words nobody here wrote', node, [node, { ...ours, text: '同意和解：别的', said: '别的' }]],
    ['an answer that was given later', node, [node, { ...ours, at: 900_000 }]],
    ['an answer of pictures alone', node, [node, { ...ours, text: '同意和解', said: null }]],
    ['an answer that was not sent', node, [node, { ...ours, kind: 'respond_failed' }]],
    ['a colleague’s own entry', ours, [node, ours]],
  ])('%s: stays whole', (_name, e, all) => {
    expect(withoutEcho(e, all)).toEqual(e)
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

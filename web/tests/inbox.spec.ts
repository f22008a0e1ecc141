import { describe, expect, test } from 'vitest'
import { filterText } from '@/shared/composables/useInboxState'
import { viewInUse } from '@/shared/composables/useSavedViews'
import type { SavedView } from '@/shared/api/types'
import { withHead, withNext } from '@/shared/rules/loaded'
import { MOST, toggled } from '@/shared/rules/selection'

const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => ({ id: String(from + i) }))
const ids = (l: { items: { id: string }[] }) => l.items.map(x => x.id).join(' ')

describe('a list that is loaded page by page', () => {
  const scrolled = withNext(withHead(null, rows(0, 3), 'c3'), rows(3, 6), 'c6')

  test('is its pages in order', () => {
    expect(ids(scrolled)).toBe('0 1 2 3 4 5')
    expect(scrolled.cursor).toBe('c6')
  })

  test('keeps what is further down when its top is refreshed', () => {
    const fresh = withHead(scrolled, [{ id: 'new' }, ...rows(0, 2)], 'c2')
    expect(ids(fresh)).toBe('new 0 1 2 3 4 5')
    expect(fresh.cursor).toBe('c6')
  })

  test('shows nothing twice and nothing that is gone from the top', () => {
    expect(ids(withHead(scrolled, [...rows(1, 3), { id: '4' }], 'c'))).toBe('1 2 4 5')
    expect(ids(withNext(scrolled, [{ id: '5' }, { id: '6' }], ''))).toBe('0 1 2 3 4 5 6')
  })

  test('begins anew when the top has become another, and ends where the top is all there is', () => {
    expect(withHead(scrolled, [{ id: 'x' }, { id: 'y' }], 'cy')).toEqual({ items: [{ id: 'x' }, { id: 'y' }], cursor: 'cy' })
    expect(withHead(scrolled, rows(0, 2), '')).toEqual({ items: rows(0, 2), cursor: '' })
  })

  test('costs as much with 200,000 rows as with twenty, to the eye', () => {
    let l = withHead(null, rows(0, 200), 'c')
    for (let n = 200; n < 200_000; n += 20_000) l = withNext(l, rows(n, n + 20_000), 'c')
    expect(withHead(l, rows(0, 50), 'c').items).toHaveLength(l.items.length)
  })
})

describe('choosing', () => {
  const order = ['a', 'b', 'c', 'd', 'e']
  test('takes one, and gives it back', () => {
    expect([...toggled(new Set(), order, 'b', null)]).toEqual(['b'])
    expect([...toggled(new Set(['b']), order, 'b', null)]).toEqual([])
  })
  test('takes what lies between, upwards and downwards', () => {
    expect([...toggled(new Set(['d']), order, 'b', 'd')].sort()).toEqual(['b', 'c', 'd'])
    expect([...toggled(new Set(['b']), order, 'd', 'b')].sort()).toEqual(['b', 'c', 'd'])
  })
  test('takes one when the other end is no longer in the list', () => {
    expect([...toggled(new Set(), order, 'b', 'gone')]).toEqual(['b'])
  })
  test('ends at what can be done at a time', () => {
    const many = Array.from({ length: 500 }, (_, i) => String(i))
    expect(toggled(new Set(['0']), many, '499', '0').size).toBe(MOST)
  })
})

describe('a filter in the address', () => {
  test('is the same text whatever the order of its parts, and nothing but a filter', () => {
    expect(filterText({ q: '茶叶', view: 'all', foo: 'x', stage: '' })).toBe(filterText({ view: 'all', q: '茶叶' }))
    expect(filterText({ view: 'all', q: 'a b&c' })).toBe('view=all&q=a+b%26c')
  })
  test('is known as the saved view it is', () => {
    const views = [{ id: '1', query: 'q=%E8%8C%B6&view=all' }, { id: '2', query: 'view=mine' }] as SavedView[]
    expect(viewInUse(views, filterText({ view: 'all', q: '茶' }))?.id).toBe('1')
    expect(viewInUse(views, filterText({ view: 'all' }))).toBeUndefined()
  })
})

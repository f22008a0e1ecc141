import { expect, it } from 'vitest'
import { namedIn, namingAt, split } from '@/shared/rules/mention'

const people = [{ id: '1', name: '张三' }, { id: '2', name: '张三丰' }, { id: '3', name: 'Li Wei' }]

it('knows when somebody is being named', () => {
  expect(namingAt('请 @张', 4)).toEqual({ from: 2, typed: '张' })
  expect(namingAt('@', 1)).toEqual({ from: 0, typed: '' })
  expect(namingAt('@张三 看一下', 7)).toBeNull()
  expect(namingAt('没有人', 3)).toBeNull()
})

it('finds whom a note names, each once, the longest name first', () => {
  expect(namedIn('@张三丰 和 @Li Wei，@张三丰', people).map(p => p.id)).toEqual(['2', '3'])
  expect(namedIn('张三 没有被提到', people)).toEqual([])
  expect(namedIn('a@张三', people).map(p => p.id)).toEqual(['1'])
})

it('takes a text apart and loses nothing of it', () => {
  const parts = split('先问 @张三，再问@谁', ['张三'])
  expect(parts).toEqual([{ text: '先问 ', named: false }, { text: '@张三', named: true }, { text: '，再问@谁', named: false }])
  expect(split('', ['张三'])).toEqual([])
})

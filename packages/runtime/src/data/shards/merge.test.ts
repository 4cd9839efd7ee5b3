import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { comparisonOf, mergeOrdered, type MergeOrder } from './merge.ts'

const row = fc.record({
  score: fc.option(fc.integer({ min: 0, max: 5 })),
  name: fc.constantFrom('a', 'B', 'é', 'z', '💡'),
  id: fc.integer({ min: 0, max: 1_000 }),
})
const order = fc
  .tuple(fc.boolean(), fc.constantFrom(undefined, 'first' as const, 'last' as const), fc.boolean())
  .map(([scoreDown, nulls, nameDown]): MergeOrder => [
    { name: 'score', descending: scoreDown, ...(nulls === undefined ? {} : { nulls }) },
    { name: 'name', descending: nameDown },
    { name: 'id' },
  ])

describe('merging the pages of shards', () => {
  test('gives the first rows of all of them in order', () => {
    fc.assert(
      fc.property(fc.array(fc.array(row), { maxLength: 5 }), order, fc.nat(30), (lists, by, limit) => {
        const compare = comparisonOf(by)
        const pages = lists.map(list => list.toSorted(compare))
        expect(mergeOrdered(pages, compare, limit)).toEqual(pages.flat().toSorted(compare).slice(0, limit))
      }),
    )
  })

  test('stands NULL where PostgreSQL does', () => {
    const rows = [{ at: null }, { at: 1 }, { at: 2 }]
    const sorted = (by: MergeOrder) => rows.toSorted(comparisonOf(by)).map(({ at }) => at)
    expect(sorted([{ name: 'at' }])).toEqual([1, 2, null])
    expect(sorted([{ name: 'at', descending: true }])).toEqual([null, 2, 1])
    expect(sorted([{ name: 'at', descending: true, nulls: 'last' }])).toEqual([2, 1, null])
    expect(sorted([{ name: 'at', nulls: 'first' }])).toEqual([null, 1, 2])
  })

  test('compares int8 and numeric, which come as text, by value', () => {
    const texts = ['9007199254740993', '10', '9', '9007199254740992', '2.5']
    const sorted = texts.map(id => ({ id })).toSorted(comparisonOf([{ name: 'id', as: 'number' }]))
    expect(sorted.map(({ id }) => id)).toEqual(['2.5', '9', '10', '9007199254740992', '9007199254740993'])
  })

  test('compares dates by their instant and text by its bytes', () => {
    const at = (ms: number) => ({ at: new Date(ms), name: 'x' })
    expect([at(3), at(1)].toSorted(comparisonOf([{ name: 'at' }])).map(each => each.at.getTime())).toEqual([1, 3])
    const names = ['a', 'Z', 'é', '~'].map(name => ({ name }))
    expect(names.toSorted(comparisonOf([{ name: 'name' }])).map(({ name }) => name)).toEqual(['Z', 'a', '~', 'é'])
  })
})

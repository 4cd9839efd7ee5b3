import { describe, expect, it } from 'vitest'
import { jsonShapeOf } from './json-shape.ts'

const shape = (value: unknown) => jsonShapeOf(JSON.stringify(value))
const rows = (count: number) => Array.from({ length: count }, (_, id) => ({ id, name: 'x' }))

describe('the outline of a JSON answer', () => {
  it('counts a list, and the list in an envelope', () => {
    expect(shape(rows(3))).toEqual({ kind: 'array', items: 3, keys: ['id', 'name'] })
    expect(shape({ page: 1, results: rows(3) })).toEqual({
      kind: 'object',
      items: 3,
      itemsKey: 'results',
      keys: ['id', 'name'],
    })
  })

  it('counts a list that is grouped by a key as one list', () => {
    expect(shape({ open: rows(2), closed: rows(5), none: [] })).toMatchObject({ items: 7, itemsKey: 'closed' })
  })

  it('keeps lists of different things apart', () => {
    expect(shape({ posts: [{ title: 'a' }], comments: rows(4) })).toMatchObject({ items: 4, itemsKey: 'comments' })
    expect(shape({ ids: [1, 2, 3], sizes: [4, 5] })).toEqual({ kind: 'object', items: 3, itemsKey: 'ids', keys: [] })
  })

  it('counts what is nested in the items beside them', () => {
    expect(shape([{ id: 1, lines: rows(10), at: [1, 2] }])).toMatchObject({ items: 1, objects: 11 })
  })

  it('finds no items in a single object, and nothing in what is no JSON', () => {
    expect(shape({ id: 1, owner: { name: 'x' } })).toEqual({ kind: 'object', keys: ['id', 'owner'] })
    expect(shape(null)).toEqual({ kind: 'scalar', keys: [] })
    expect(jsonShapeOf('<p>')).toBeUndefined()
  })

  it('reads a body that is nested deeper than calls may be', () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
    expect(() => jsonShapeOf(deep)).not.toThrow()
  })
})

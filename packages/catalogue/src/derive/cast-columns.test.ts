import { describe, expect, it } from 'vitest'
import { castColumnOf, castColumns, isCoarser, isConverted } from './cast-columns.ts'
import { column, table } from './testing/evidence.ts'

describe('columns compared as another type', () => {
  it('are read from both sides of an equality, as PostgreSQL writes it', () => {
    expect(castColumns('((id)::text = $1)')).toEqual([{ column: 'id', type: 'text' }])
    expect(castColumns('(($1)::text = (id)::text)')).toEqual([{ column: 'id', type: 'text' }])
    expect(castColumns('((c.id)::numeric = o.customer)')).toEqual([{ alias: 'c', column: 'id', type: 'numeric' }])
    expect(castColumns('((o."Ref")::double precision = (c.id)::double precision)')).toEqual([
      { alias: 'o', column: 'Ref', type: 'double precision' },
      { alias: 'c', column: 'id', type: 'double precision' },
    ])
    expect(castColumns("(((at)::date = '2026-01-01'::date) AND (kind = 'x'::text))")).toEqual([
      { column: 'at', type: 'date' },
    ])
    expect(castColumns("((id)::text = ANY ('{1,2}'::text[]))")).toEqual([{ column: 'id', type: 'text' }])
  })

  it('are none where something else is cast, or compared otherwise', () => {
    for (const condition of [
      '(id = $1)',
      '(id = ($1)::bigint)',
      "(state = 'open'::text)",
      '(lower((id)::text) = $1)',
      "(((id)::text || 'x'::text) = $1)",
      "(('x'::text || (id)::text) = $1)",
      '((id)::numeric > 5.5)',
      "((id)::text ~~ '4%'::text)",
      '((tags)::text[] = $1)',
    ])
      expect(castColumns(condition), condition).toEqual([])
  })

  it('are known from the expression of a candidate', () => {
    expect(castColumnOf('id::text')).toEqual({ column: 'id', type: 'text' })
    expect(castColumnOf('(placed)::date')).toEqual({ column: 'placed', type: 'date' })
    expect(castColumnOf("(payload ->> 'amount')::int")).toBeUndefined()
    expect(castColumnOf('lower(id::text)')).toBeUndefined()
  })
})

describe('a conversion', () => {
  const orders = table('orders', 50_000, [
    column('id', { type: 'integer' }),
    column('name', { type: 'character varying(40)' }),
    column('code', { type: 'character(8)' }),
    column('at', { type: 'timestamp with time zone' }),
    column('state', { type: 'order_state' }),
  ])
  const to = (name: string, type: string) => isConverted(orders, { column: name, type })

  it('is one where every value must be computed', () => {
    expect([to('id', 'text'), to('id', 'numeric'), to('id', 'bigint')]).toEqual([true, true, true])
    expect([to('code', 'text'), to('at', 'date'), to('at', 'timestamp without time zone')]).toEqual([true, true, true])
  })

  it('is none where the label alone changes, or nobody can tell', () => {
    expect([to('name', 'text'), to('id', 'integer'), to('state', 'text'), to('gone', 'text')]).toEqual([
      false,
      false,
      false,
      false,
    ])
  })

  it('makes one value of many only of a moment', () => {
    expect(isCoarser(orders, { column: 'at', type: 'date' })).toBe(true)
    expect(isCoarser(orders, { column: 'id', type: 'text' })).toBe(false)
  })
})

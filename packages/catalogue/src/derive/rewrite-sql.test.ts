import { describe, expect, it } from 'vitest'
import { equal, statement } from './testing/evidence.ts'
import { forManyKeys, valuesText } from './rewrite-sql.ts'

const sample = (...values: (string | number)[]) => ({ values, kept: 'random' as const, durationMs: 1 })

describe('a statement for many keys', () => {
  it('asks for any of the keys and keeps the other conditions', () => {
    const one = statement('s', 'SELECT * FROM items WHERE tenant = $1 AND order_id = $2 ORDER BY id', {
      selectsStar: true,
      parameters: [sample('a', 1), sample('a', 2)],
    })
    expect(forManyKeys(one)).toEqual({
      sql: 'SELECT * FROM items WHERE tenant = $1 AND order_id = ANY($2) ORDER BY id',
      keyColumn: 'order_id',
      parameter: 2,
    })
  })

  it('drops a LIMIT that a unique key makes idle', () => {
    const one = statement('s', 'SELECT "id", "name" FROM "users" WHERE "users"."id" = $1 LIMIT 1', {
      tables: ['users'],
    })
    expect(forManyKeys(one)?.sql).toBe('SELECT "id", "name" FROM "users" WHERE "users"."id" = ANY($1)')
  })

  it('counts per key', () => {
    const one = statement('s', 'SELECT count(*) FROM items WHERE order_id = $1', { isCount: true, hasAggregate: true })
    expect(forManyKeys(one)?.sql).toBe(
      'SELECT order_id, count(*) FROM items WHERE order_id = ANY($1) GROUP BY order_id',
    )
  })

  it('runs a limited statement once per key inside the database', () => {
    const one = statement('s', 'SELECT id FROM notes WHERE post_id = $1 ORDER BY at DESC LIMIT 3', {
      tables: ['notes'],
      conditions: [equal('notes', 'post_id')],
    })
    expect(forManyKeys(one, { isUnique: () => false, typeOf: () => 'uuid' })?.sql).toBe(
      'SELECT keys.key, found.* FROM unnest($1::uuid[]) AS keys(key) CROSS JOIN LATERAL ' +
        '(SELECT id FROM notes WHERE post_id = keys.key ORDER BY at DESC LIMIT 3) AS found',
    )
  })

  it('is not tried where no column is compared with a parameter', () => {
    expect(forManyKeys(statement('s', 'SELECT id FROM notes WHERE at > $1'))).toBeUndefined()
    expect(forManyKeys(statement('s', 'SELECT id FROM notes'))).toBeUndefined()
  })
})

describe('the values of a statement', () => {
  it('put the key where it belongs, and name what stays as it is', () => {
    expect(valuesText('SELECT a FROM t WHERE id = ANY($1)', 1, 'keys')).toBe('[keys]')
    expect(valuesText('SELECT a FROM t WHERE id = $1 OFFSET $2', 1, 'key')).toBe('[key, value2]')
    expect(valuesText('SELECT a FROM t WHERE tenant = $1 AND id = ANY($2)', 2, 'keys')).toBe('[value1, keys]')
  })
})

/** The same statement must get the same id from the driver, from pg_stat_statements and from OTLP. */
import { describe, expect, test } from 'vitest'
import { normaliseStatement, readStatement, statementId } from './statement-text.ts'

const table: readonly (readonly [raw: string, normalised: string])[] = [
  ['select * from orders where id = $1', 'select * from orders where id = $1'],
  ['select * from orders where id = 42', 'select * from orders where id = $1'],
  ["select *\n  from orders\n where name = 'O''Brien' ;", 'select * from orders where name = $1'],
  ['select a from t where b = 5 and c = $1', 'select a from t where b = $1 and c = $2'],
  ['select a from t where b = $2 and c = $1', 'select a from t where b = $1 and c = $2'],
  ['select a from t where b = $1 or c = $1', 'select a from t where b = $1 or c = $1'],
  ['select a from t where id in (1, 2,3) and b = $1', 'select a from t where id in ($1) and b = $2'],
  ['select a from t where id in ($1 /*, ... */) and b = $2', 'select a from t where id in ($1) and b = $2'],
  ['select a from t where id IN ($1::int, $2::int)', 'select a from t where id IN ($1::int)'],
  ['select a from t where id = any(ARRAY[1,2,3])', 'select a from t where id = any(ARRAY[$1])'],
  [
    'select a from t where id in (select b from u where c = 3)',
    'select a from t where id in (select b from u where c = $1)',
  ],
  ['insert into t (a, b) values (1, 2)', 'insert into t (a, b) values ($1, $2)'],
  [
    'insert into t (a,b) values ($1,$2),($3,$4),($5,$6) returning id',
    'insert into t (a, b) values ($1, $2), ($3, $4) returning id',
  ],
  ['insert into t (a) values (now()), (now()), (now())', 'insert into t (a) values (now()), (now())'],
  ['select a from t order by 1, 2 desc limit 10 offset 20', 'select a from t order by 1, 2 desc limit $1 offset $2'],
  ['select count(*) from t group by 1 having count(*) > 5', 'select count(*) from t group by 1 having count(*) > $1'],
  ['select a from t where b = -5 and c - 5 > 0', 'select a from t where b = $1 and c - $2 > $3'],
  ['select a from t where b=-1', 'select a from t where b=$1'],
  [
    'select a from t where b = true and c is null and d is not true',
    'select a from t where b = $1 and c is null and d is not true',
  ],
  ['update t set a = null where id = 1', 'update t set a = $1 where id = $2'],
  ["select data->>'name' from t where data @> '{\"a\": 1}'::jsonb", 'select data->>$1 from t where data @> $2::jsonb'],
  ["select 1 from t where data ? 'key'", 'select $1 from t where data ? $2'],
  ['select a from t where b = ? and c in (?, ?)', 'select a from t where b = $1 and c in ($2)'],
  ['select a from t1 where "b2" = 3.5e-2 /* trace=\'abc\' */ -- why', 'select a from t1 where "b2" = $1'],
  ["select E'it\\'s', $tag$ any $1 ' thing $tag$, x'1f'", 'select $1, $2, $3'],
  [
    'select "id", "name" from "Post" AS "Post" WHERE "Post"."id" = 7;;',
    'select "id", "name" from "Post" AS "Post" WHERE "Post"."id" = $1',
  ],
  ['BEGIN', 'BEGIN'],
  ['create table t (a int not null default 3)', 'create table t (a int not null default $1)'],
  ['', ''],
]

describe('normaliseStatement', () => {
  test.each(table)('%s', (raw, normalised) => {
    expect(normaliseStatement(raw)).toBe(normalised)
  })

  test.each(table)('changes nothing the second time: %s', raw => {
    const once = normaliseStatement(raw)
    expect(normaliseStatement(once)).toBe(once)
  })

  test('gives back what each placeholder stands for', () => {
    expect(readStatement("select a from t where b = 'x' and c = $2 and d = $1 limit -1").placeholders).toEqual([
      { kind: 'literal', value: 'x' },
      { kind: 'parameter', index: 2 },
      { kind: 'parameter', index: 1 },
      { kind: 'literal', value: -1 },
    ])
  })

  test('reads unfinished and hostile texts to the end', () => {
    for (const text of [
      "select 'abc",
      'select "abc',
      'select $tag$ abc',
      'select /* abc /* d */',
      '$',
      '((((',
      "'",
      '-- x',
    ])
      expect(() => normaliseStatement(text)).not.toThrow()
    expect(normaliseStatement(`select ${'1, '.repeat(200_000)}1`).length).toBeLessThan(1_000_000)
  })
})

test('an id is short and the same for the same text', () => {
  expect(statementId('select $1')).toMatch(/^[0-9a-f]{12}$/)
  expect(statementId('select $1')).toBe(statementId('select $1'))
})

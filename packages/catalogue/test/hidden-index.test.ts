/** Casts that keep an index away, as a real server plans them: found in what it did, silent once the comparison is as the remedy has it. */
import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPgCollector } from '../../loop/src/measure/pg/collector.ts'
import { outcomeOf } from '../src/derive/testing/describe-practice.ts'
import { statement, statementsOf, use } from '../src/derive/testing/evidence.ts'
import { practiceById } from '../src/index.ts'

const schema = `
  CREATE TABLE customers (id int PRIMARY KEY, name varchar(40) NOT NULL UNIQUE, code char(8) NOT NULL UNIQUE);
  INSERT INTO customers SELECT n, 'name ' || n, 'c' || n FROM generate_series(1, 20000) n;
  CREATE TABLE orders (id int PRIMARY KEY, customer numeric NOT NULL, ref text NOT NULL, placed timestamptz NOT NULL);
  INSERT INTO orders SELECT n, 1 + n % 20000, 1 + n % 20000, '2026-01-01'::timestamptz + n * interval '5 min' FROM generate_series(1, 40000) n;
  CREATE INDEX orders_placed_idx ON orders (placed);
  ANALYZE`

let server: PostgresServer
let url: string
beforeAll(async () => {
  server = await startPostgres({ settings: { max_parallel_workers_per_gather: '0' } })
  url = await server.createDatabase('casts')
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(schema)
  await client.end()
})
afterAll(async () => await server.stop())

/** Titles of what is found, the statement taken for a heavy one. */
async function found(text: string, tables: readonly string[]): Promise<readonly string[]> {
  const read = statement('read', text, { tables: [...tables] })
  const collector = await startPgCollector({ url })
  const pg = await collector.finish({ statements: [read] })
  expect(pg.unavailable['plans']).toBeUndefined()
  const statements = statementsOf([read], [use('GET /read', 'read', 100, 3_000)])
  const outcome = outcomeOf(practiceById('explain-plans')!, { pg, statements }, {})
  const known = outcome.kind === 'finding' ? outcome.findings : outcome.kind === 'investigate' ? outcome.findings : []
  return (known ?? []).map(({ title }) => title)
}

describe('an index that a cast keeps away', () => {
  it.each([
    ['SELECT name FROM customers WHERE id::text = $1', 'SELECT name FROM customers WHERE id = $1::integer'],
    ['SELECT name FROM customers WHERE id = $1::numeric', 'SELECT name FROM customers WHERE id = $1::bigint'],
    ['SELECT id FROM customers WHERE code::text = $1', 'SELECT id FROM customers WHERE code = $1::character(8)'],
    [
      'SELECT id FROM orders WHERE placed::date = $1',
      'SELECT id FROM orders WHERE placed >= $1::date AND placed < $1::date + 1',
    ],
    [
      'SELECT c.name FROM orders o JOIN customers c ON c.id = o.customer WHERE o.id = $1',
      'SELECT c.name FROM orders o JOIN customers c ON c.id = o.customer::integer WHERE o.id = $1',
    ],
    [
      'SELECT c.name FROM orders o JOIN customers c ON c.id::text = o.ref WHERE o.id = $1',
      'SELECT c.name FROM orders o JOIN customers c ON c.id = o.ref::integer WHERE o.id = $1',
    ],
  ])('%s', async (before, after) => {
    const tables = ['customers', 'orders'].filter(name => before.includes(name))
    expect(await found(before, tables)).toEqual([expect.stringMatching(/^The index \w+ is of no use: /)])
    expect(await found(after, tables)).toEqual([])
  })

  it.each([
    'SELECT id FROM customers WHERE name = $1',
    'SELECT id FROM customers WHERE name::text = $1',
    'SELECT c.id FROM orders o JOIN customers c ON c.name = o.ref WHERE o.id = $1',
    'SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer',
    'SELECT name FROM customers WHERE id = $1::smallint',
  ])('is none of %s', async text => {
    expect(
      await found(
        text,
        ['customers', 'orders'].filter(name => text.includes(name)),
      ),
    ).toEqual([])
  })
})

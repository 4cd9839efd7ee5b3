/** Keys drawn from a real PostgreSQL: over the whole table, whatever their type, and without scanning a large one. */
import { startPostgres } from '@whetstone/sandbox'
import type { PostgresServer } from '@whetstone/sandbox'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DatabaseKeys } from './database-keys.ts'
import { databaseKeys } from './database-keys.ts'

const schema = `
  create table orders (id bigint primary key, order_number text);
  insert into orders select n * 10, 'A-' || n from generate_series(1, 50000) n;
  create table documents (id uuid primary key, body text);
  insert into documents select gen_random_uuid(), repeat('x', 500) from generate_series(1, 30000) n;
  create table "OrderItem" ("objectId" text primary key);
  insert into "OrderItem" select 'k' || n from generate_series(1, 20) n;
  create table empty (id int primary key);
  create table pairs (a int, b int, primary key (a, b));
  create table sparse (id bigint primary key);
  insert into sparse values (-5), (7), (9000000000000000000);
  analyze`

let server: PostgresServer
let keys: DatabaseKeys

beforeAll(async () => {
  server = await startPostgres()
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query(schema)
  await client.end()
  keys = (await databaseKeys(server.url))!
})
afterAll(async () => {
  await keys.close()
  await server.stop()
})

describe('databaseKeys', () => {
  it('spreads whole numbers over their range', async () => {
    const drawn = ((await keys.sample('orders', undefined, 200)) ?? []).map(Number)
    expect(drawn.length).toBeGreaterThan(190)
    expect(drawn.every(key => key % 10 === 0 && key >= 10 && key <= 500_000)).toBe(true)
    expect(drawn.filter(key => key <= 250_000).length / drawn.length).toBeGreaterThan(0.35)
    expect(drawn.filter(key => key <= 250_000).length / drawn.length).toBeLessThan(0.65)
  })

  it.each<[string, string, string | undefined, number, RegExp]>([
    ['UUIDs of random pages', 'documents', undefined, 50, /^[0-9a-f-]{36}$/],
    ['a column by its camel-case name', 'orders', 'orderNumber', 50, /^A-\d+$/],
    ['a table and key in mixed case', 'orderitem', undefined, 20, /^k\d+$/],
    ['keys with gaps and beyond 2^53', 'sparse', undefined, 1, /^(7|-5|9000000000000000000)$/],
  ])('draws %s', async (_name, table, column, atLeast, form) => {
    const drawn = (await keys.sample(table, column, 50)) ?? []
    expect(drawn.length).toBeGreaterThanOrEqual(atLeast)
    expect(new Set(drawn).size).toBe(drawn.length)
    for (const key of drawn) expect(key).toMatch(form)
  })

  it.each<[string, string, string | undefined]>([
    ['no such table', 'nothing', undefined],
    ['no such column', 'orders', 'slug'],
    ['a key of two columns', 'pairs', undefined],
    ['a table of the system', 'pg_class', undefined],
    ['a name that is an injection', `orders"; drop table orders; --`, undefined],
  ])('knows nothing of %s', async (_name, table, column) => {
    expect(await keys.sample(table, column, 10)).toBeUndefined()
  })

  it('finds no keys in an empty table', async () => {
    expect(await keys.sample('empty', undefined, 10)).toEqual([])
  })

  it('draws the same keys from the same seed', async () => {
    const again = (await databaseKeys(server.url, 5))!
    const other = (await databaseKeys(server.url, 5))!
    expect(await again.sample('orders', undefined, 20)).toEqual(await other.sample('orders', undefined, 20))
    expect(await again.sample('documents', undefined, 20)).toEqual(await other.sample('documents', undefined, 20))
    await again.close()
    await other.close()
  })

  it('waits for no lock, and writes nothing, whatever the URL says', async () => {
    const locker = new pg.Client({ connectionString: server.url })
    await locker.connect()
    await locker.query('begin; lock table orders in access exclusive mode')
    const url = new URL(server.url)
    url.searchParams.set('statement_timeout', '0')
    url.searchParams.set('options', '-c default_transaction_read_only=off')
    const careful = (await databaseKeys(url.href))!
    expect(await careful.sample('orders', undefined, 5)).toBeUndefined()
    await locker.query('rollback')
    expect(await careful.sample('orders', undefined, 5)).toHaveLength(5)
    const { rows } = await locker.query("select query from pg_stat_activity where application_name = 'whetstone'")
    expect(rows.some(({ query }) => /set default_transaction_read_only/i.test(String(query)))).toBe(false)
    await careful.close()
    await locker.end()
  })

  it('is undefined when nobody answers', async () => {
    expect(await databaseKeys('postgres://nobody@127.0.0.1:1/none')).toBeUndefined()
  })
})

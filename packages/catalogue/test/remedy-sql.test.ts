/** Every statement a remedy offers for pasting, given to PostgreSQL: what the server cannot parse and type is no advice. */
import type { Evidence, ParameterSample, PgEvidence, Statement } from '@whetstone/model'
import { normaliseStatement } from '@whetstone/probe/statement-text'
import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPgCollector } from '../../loop/src/measure/pg/collector.ts'
import { loadStatementParser, statementShape } from '../../loop/src/measure/statement-shape.ts'
import { practiceById } from '../src/index.ts'
import { outcomeOf } from '../src/derive/testing/describe-practice.ts'
import {
  httpProbe,
  httpProbesOf,
  query,
  series,
  statementsOf,
  times,
  trace,
  tracesOf,
  use,
} from '../src/derive/testing/evidence.ts'

const schema = `
  create schema sales;
  create table orders (id bigint primary key, shop int not null, status text not null, total numeric not null,
    created_at timestamptz not null, note text not null, "paidBy" uuid);
  create table shops (id int primary key, name text not null);
  create table sales.items (order_id bigint, sku text not null, amount int, primary key (order_id, sku));
  insert into orders select n, n % 9, 'paid', n, now(), repeat('x', 900) from generate_series(1, 400) n;
  analyze`

const route = 'GET /orders'
let server: PostgresServer
let client: Client
let pg: PgEvidence

beforeAll(async () => {
  await loadStatementParser()
  server = await startPostgres()
  const url = await server.createDatabase('remedies')
  client = new Client({ connectionString: url })
  await client.connect()
  await client.query(schema)
  pg = await (await startPgCollector({ url })).finish({ statements: [] })
})
afterAll(async () => {
  await client.end()
  await server.stop()
})

describe('a page by key', () => {
  const deep = (text: string) => {
    const one = statementOf(text, { values: [1, 20, 50_000, 50_000], kept: 'random', durationMs: 90 })
    const [limit, offset] = [one.shape?.limitParameter, one.shape?.offsetParameter]
    const sample: ParameterSample = { values: [], kept: 'random', durationMs: 90 }
    const values = Array.from({ length: 9 }, (_, at) => (at + 1 === offset ? 50_000 : at + 1 === limit ? 20 : 1))
    return remedyOf('keyset-pagination', {
      statements: statementsOf([{ ...one, parameters: [{ ...sample, values }] }], [use(route, 'one', 500, 40_000)]),
      pg,
    })
  }

  it.each([
    [
      'SELECT id FROM orders ORDER BY id LIMIT $1 OFFSET $2',
      'SELECT id FROM orders WHERE id > $1 ORDER BY id LIMIT $2',
    ],
    [
      'SELECT id FROM orders ORDER BY created_at DESC, id DESC OFFSET $1 LIMIT $2',
      'SELECT id FROM orders WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3\n-- needs an index in this order: CREATE INDEX CONCURRENTLY ON orders (created_at, id);',
    ],
    [
      'select id from orders where shop = $1 order by id desc limit 20 offset $2',
      'select id from orders WHERE shop = $1 AND id < $2 ORDER BY id desc LIMIT $3',
    ],
    [
      "SELECT id FROM orders WHERE shop = $1 OR status = 'open' ORDER BY id LIMIT $2 OFFSET $3",
      'SELECT id FROM orders WHERE (shop = $1 OR status = $2) AND id > $3 ORDER BY id LIMIT $4',
    ],
    [
      'SELECT o.id, s.name FROM orders o JOIN shops s ON s.id = o.shop WHERE (s.name = $1 OR o.status = $2) ORDER BY o.id LIMIT $3 OFFSET $4',
      'SELECT o.id, s.name FROM orders o JOIN shops s ON s.id = o.shop WHERE (s.name = $1 OR o.status = $2) AND o.id > $3 ORDER BY o.id LIMIT $4',
    ],
    [
      `SELECT id FROM orders WHERE upper("paidBy"::text) = $1 ORDER BY "paidBy" DESC, id DESC LIMIT 20 OFFSET $2::int`,
      `SELECT id FROM orders WHERE upper("paidBy"::text) = $1 AND ("paidBy", id) < ($2, $3) ORDER BY "paidBy" DESC, id DESC LIMIT $4\n-- needs an index in this order: CREATE INDEX CONCURRENTLY ON orders ("paidBy", id);`,
    ],
  ])('of "%s" is a statement PostgreSQL takes', async (text, expected) => {
    const remedy = deep(text)
    expect(remedy.code?.after).toBe(expected)
    await expectRuns(remedy.code!.after)
  })

  it.each([
    'SELECT id FROM orders ORDER BY id, created_at DESC LIMIT $1 OFFSET $2',
    'SELECT id FROM orders ORDER BY created_at DESC NULLS LAST LIMIT $1 OFFSET $2',
    'SELECT o.id FROM orders o JOIN shops s ON s.id = o.shop ORDER BY created_at LIMIT $1 OFFSET $2',
    'SELECT lower(status) AS status FROM orders ORDER BY 1 LIMIT $1 OFFSET $2',
    'SELECT DISTINCT status FROM orders ORDER BY status LIMIT $1 OFFSET $2',
  ])('of "%s" is left to words', text => {
    expect(deep(text).code).toBeUndefined()
  })

  it('says which parameter takes which key, and what a key without a value would do', () => {
    const { steps } = deep('SELECT id FROM orders WHERE shop = $1 ORDER BY "paidBy", id LIMIT $2 OFFSET $3')
    expect(steps).toContain(
      '$2 and $3 are paidBy and id of the last row of the page before; the first page goes without that condition.',
    )
    expect(steps).toContain('Rows without paidBy would be left out: make it NOT NULL first, or sort by another column.')
  })
})

describe('a slow statement', () => {
  const slow = (text: string) =>
    findingOf('slow-queries', {
      statements: statementsOf([statementOf(text)], [use(route, 'one', 200, 200 * 150)]),
      pg,
    })

  it('without parameters is computed ahead of time', async () => {
    const { remedy, edit } = slow('SELECT status, sum(total), count(*) FROM orders GROUP BY status')
    expect(remedy.code?.after).toMatchInlineSnapshot(`
      "CREATE MATERIALIZED VIEW precomputed AS
      SELECT status, sum(total), count(*) FROM orders GROUP BY status;
      REFRESH MATERIALIZED VIEW precomputed;"
    `)
    await expectRuns(remedy.code!.after)
    expect(edit).toEqual({ kind: 'trace', change: { kind: 'remove', statementId: 'one' } })
  })

  it('longer than a line is offered whole', async () => {
    const columns = Array.from({ length: 40 }, (_, at) => `sum(total) AS total_of_${at}`).join(', ')
    const { remedy } = slow(`SELECT ${columns} FROM orders`)
    expect(remedy.code?.after).toContain('total_of_39 FROM orders;')
    await expectRuns(remedy.code!.after)
  })

  it.each(['SELECT sum(total) FROM orders WHERE shop = $1', "SELECT sum(total) FROM orders WHERE status = 'paid'"])(
    'with parameters, "%s", is described, and promises no more than half',
    text => {
      const { remedy, edit } = slow(text)
      expect(remedy.code).toBeUndefined()
      expect(edit).toEqual({ kind: 'plan', statements: [{ statementId: 'one', costBefore: 2, costAfter: 1 }] })
      expect(remedy.steps.join(' ')).toContain('It takes parameters')
    },
  )

  it('whose columns would share a name makes no view', () => {
    expect(slow('SELECT sum(total), sum(shop) FROM orders').remedy.code).toBeUndefined()
  })

  it.each(['SELECT id FROM orders WHERE lower(status) = $1', 'SELECT id FROM orders WHERE lower(status) = status'])(
    'that is no aggregate, "%s", is explained as it stands',
    async text => await expectRuns(slow(text).remedy.code!.after),
  )
})

describe('a count beside a page', () => {
  const counted = (text: string) => {
    const page = { ...statementOf('SELECT id FROM orders ORDER BY id LIMIT $1'), id: 'page' }
    const spans = [query('page', 1, 3), query('one', 5, 20)]
    return remedyOf('count-star-pagination', {
      statements: statementsOf([statementOf(text), page]),
      traces: tracesOf(times(10, trace(route, 40, spans))),
    })
  }

  it.each([
    ['SELECT count(*) FROM orders', "SELECT reltuples::bigint FROM pg_class WHERE oid = 'orders'::regclass;"],
    [
      'SELECT count(*)::int AS n FROM orders o',
      "SELECT reltuples::bigint FROM pg_class WHERE oid = 'orders'::regclass;",
    ],
    [
      'SELECT COUNT(*) AS "total" FROM orders WHERE shop = $1 AND status = $2',
      'SELECT count(*) FROM (SELECT 1 FROM orders WHERE shop = $1 AND status = $2 LIMIT 1001) AS capped;',
    ],
    [
      'SELECT count(*) FROM orders o JOIN shops s ON s.id = o.shop',
      'SELECT count(*) FROM (SELECT 1 FROM orders o JOIN shops s ON s.id = o.shop LIMIT 1001) AS capped;',
    ],
    [
      'SELECT count(*) FROM (SELECT DISTINCT shop FROM orders) AS shops',
      'SELECT count(*) FROM (SELECT 1 FROM (SELECT DISTINCT shop FROM orders) AS shops LIMIT 1001) AS capped;',
    ],
  ])('"%s" is estimated or ends at a thousand', async (text, expected) => {
    const { code } = counted(text)
    expect(code?.after).toBe(expected)
    await expectRuns(expected)
  })

  it('is offered whole however long its condition is', async () => {
    const conditions = Array.from({ length: 40 }, (_, at) => `total <> $${at + 1}`).join(' AND ')
    const { code } = counted(`SELECT count(*) FROM orders WHERE ${conditions}`)
    expect(code?.after).toContain('total <> $40 LIMIT 1001) AS capped;')
    await expectRuns(code!.after)
  })

  it.each(['SELECT count(DISTINCT shop) FROM orders', 'SELECT count(*) FILTER (WHERE shop > $1) FROM orders'])(
    '"%s" counts something else and is left to words',
    text => expect(counted(text).code).toBeUndefined(),
  )
})

describe('writes in a loop', () => {
  const looped = (text: string, withPg = true) =>
    remedyOf('batch-writes', {
      statements: statementsOf([statementOf(text)]),
      traces: tracesOf(times(10, trace(route, 90, series('one', 30)))),
      ...(withPg ? { pg } : {}),
    })

  it.each([
    'INSERT INTO orders (id, shop, status, total, created_at, note) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id',
    'INSERT INTO sales.items (order_id, sku) VALUES ($1, $2) ON CONFLICT (order_id, sku) DO NOTHING',
    'UPDATE orders SET status = $1, "paidBy" = $2 WHERE id = $3',
    'DELETE FROM sales.items WHERE order_id = $1',
  ])('"%s" becomes one that PostgreSQL takes', async text => await expectRuns(looped(text).code!.after))

  it.each([
    'INSERT INTO sales.items (order_id, sku) VALUES ($1, lower($2))',
    'INSERT INTO sales.items (order_id, sku) VALUES ($1, $2) ON CONFLICT (order_id, sku) DO UPDATE SET amount = $3',
    'UPDATE orders SET total = total + $1 WHERE id = $2',
  ])('"%s" is left to words', text => {
    expect(looped(text).code).toBeUndefined()
    expect(looped(text).steps.join(' ')).toContain('unnest()')
  })

  it('is left to words where the types of the columns are not known', () => {
    expect(looped('DELETE FROM sales.items WHERE order_id = $1', false).code).toBeUndefined()
  })
})

describe('reads in a loop', () => {
  const looped = (text: string) =>
    remedyOf('n-plus-one', {
      statements: statementsOf([statementOf(text)]),
      traces: tracesOf(times(10, trace(route, 90, series('one', 30)))),
      pg,
    })

  it.each([
    'SELECT id, name FROM shops WHERE id = $1',
    'SELECT count(*) FROM orders WHERE shop = $1',
    'SELECT id FROM orders WHERE shop = $1 ORDER BY created_at DESC LIMIT 3',
  ])('"%s" becomes one for all keys', async text => {
    await expectRuns(/`\n?\s*([^`]+)`/.exec(looped(text).code!.after)![1]!)
  })
})

describe('too many rows', () => {
  const unlimited = (text: string) =>
    remedyOf('limit-result-sets', {
      statements: statementsOf([statementOf(text)], [use(route, 'one', 10, 200, { rows: 50_000 })]),
      traces: tracesOf(times(10, trace(route, 40, [query('one', 1, 20)]))),
      pg,
    })

  it.each([
    'SELECT * FROM orders WHERE shop = $1',
    'SELECT status FROM orders',
    'SELECT * FROM sales.items',
    'SELECT id, status FROM orders ORDER BY status',
  ])('"%s" gets a limit in an order that is there', async text => await expectRuns(unlimited(text).code!.after))

  it('get no limit where nothing says in which order', () => {
    expect(unlimited('SELECT status, count(*) FROM orders GROUP BY status').code).toBeUndefined()
  })
})

describe('columns nobody reads', () => {
  const wide = (text: string) => {
    const keys = ['id', 'status']
    return remedyOf('select-needed-columns', {
      statements: statementsOf([statementOf(text)], [use(route, 'one', 10, 80, { rows: 1_000 })]),
      traces: tracesOf(times(10, trace(route, 20, [query('one', 1, 8)], { responseBytes: 3_000 }))),
      pg,
      'http-probe': httpProbesOf(httpProbe(route, { bodyBytes: 3_000, json: { kind: 'array', items: 50, keys } })),
    })
  }

  it.each([
    'SELECT * FROM orders WHERE shop = $1 LIMIT 100',
    'SELECT o.* FROM orders AS o ORDER BY o.created_at LIMIT 100',
    'SELECT "orders"."id" AS "id", "orders"."status" AS "status", "orders"."note" AS "note" FROM "orders" LIMIT 100',
  ])('"%s" asks for the others', async text => {
    const { code } = wide(text)
    expect(code?.after).toMatch(/^SELECT id,.* status.* FROM /)
    expect(code?.after).not.toContain('note')
    await expectRuns(code!.after)
  })

  it('stay in the list where the order goes by the name it gave them', () => {
    expect(wide('SELECT id, status, note AS remark FROM orders ORDER BY remark LIMIT 100').code).toBeUndefined()
  })
})

/** As the loop hands it to a practice. */
function statementOf(sql: string, ...parameters: readonly ParameterSample[]): Statement {
  const text = normaliseStatement(sql)
  const shape = statementShape(text)
  if (!shape) throw new Error(`PostgreSQL does not read ${text}`)
  return { id: 'one', text, shape, parameters }
}

function findingOf(practice: string, evidence: Evidence) {
  const outcome = outcomeOf(practiceById(practice)!, evidence)
  if (outcome.kind !== 'finding') throw new Error(`${practice} found nothing: ${JSON.stringify(outcome)}`)
  return outcome.findings[0]!
}

function remedyOf(practice: string, evidence: Evidence) {
  return findingOf(practice, evidence).remedy
}

/** Statements with parameters are prepared, which parses and types them; the others are run, and taken back. */
async function expectRuns(sql: string): Promise<void> {
  expect(sql).not.toContain('…')
  const isPlain = /^(select|insert|update|delete)\b/i.test(sql)
  await client.query('BEGIN')
  try {
    await client.query(isPlain ? `PREPARE offered AS ${sql}` : sql)
    if (isPlain) await client.query('DEALLOCATE offered')
  } catch (error) {
    throw new Error(`PostgreSQL refuses ${sql}`, { cause: error })
  } finally {
    await client.query('ROLLBACK')
  }
}

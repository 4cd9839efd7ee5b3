import { type PostgresServer, startPostgres } from '@whetstone/sandbox'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { queryableOf } from '../plain-pool.ts'
import type { Queryable } from '../queryable.ts'
import { readCursor, writeCursor } from './cursor.ts'
import { estimateRows } from './estimate.ts'
import { keyset, type Page, pageStatement } from './keyset.ts'
import { type KeysetColumn, orderBy, walked } from './order.ts'

let server: PostgresServer
let pool: pg.Pool
let db: Queryable
const keys = ['a secret of the test']

beforeAll(async () => {
  server = await startPostgres()
  pool = new pg.Pool({ connectionString: server.url, max: 2 })
  db = queryableOf(pool)
  await pool.query(`
    CREATE TABLE things (id int PRIMARY KEY, a int, b text, c timestamptz, grp int NOT NULL);
    CREATE TABLE many (id int PRIMARY KEY, a int NOT NULL, b int NOT NULL, grp int);
    INSERT INTO many SELECT n, n % 100, (n * 7919) % 50000, nullif(n % 40, 0) FROM generate_series(1, 50000) n ORDER BY (n * 7919) % 50000;
    CREATE INDEX ON many (a, b, id);
    CREATE INDEX ON many (a, b DESC, id);
    CREATE INDEX ON many (grp, id);
    ANALYZE many`)
})

afterAll(async () => {
  await pool?.end()
  await server?.stop()
})

interface Thing {
  readonly id: number
}

const column = (name: string) =>
  fc.record(
    { column: fc.constant(name), descending: fc.boolean(), nulls: fc.constantFrom('first' as const, 'last' as const) },
    { requiredKeys: ['column'] },
  )
const anyOrder = fc
  .tuple(
    fc.shuffledSubarray(['a', 'b', 'c']),
    fc.record({ a: column('a'), b: column('b'), c: column('c') }),
    fc.record({ descending: fc.boolean(), nulls: fc.constantFrom('none' as const, 'last' as const) }),
  )
  .map(([names, of, id]): KeysetColumn[] => [...names.map(name => of[name as 'a']), { column: 'id', ...id }])
// Few values: nearly every row is equal to others in all but its id. The times differ in microseconds, which a Date has not.
const anyRows = fc.array(
  fc.tuple(
    fc.option(fc.integer({ min: -1, max: 2 })),
    fc.option(fc.constantFrom('', 'a', 'B', 'b', 'é', '\\N')),
    fc.option(
      fc.constantFrom(
        '2026-01-01 00:00:00.000001+00',
        '2026-01-01 00:00:00.000002+00',
        'infinity',
        '0044-03-15 00:00:00+00 BC',
      ),
    ),
    fc.integer({ min: 0, max: 1 }),
  ),
  { maxLength: 40 },
)

async function fill(rows: readonly (readonly [number | null, string | null, string | null, number])[]): Promise<void> {
  await pool.query('TRUNCATE things')
  const columnOf = (at: 0 | 1 | 2 | 3) => rows.map(row => row[at])
  await pool.query(
    `INSERT INTO things SELECT id, a, b, c, grp FROM unnest($1::int[], $2::text[], $3::timestamptz[], $4::int[]) WITH ORDINALITY AS t(a, b, c, grp, id)`,
    [columnOf(0), columnOf(1), columnOf(2), columnOf(3)],
  )
}

describe('pages of a keyset', () => {
  test('are the whole list in its order, forwards and backwards, with ties and NULLs anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, anyOrder, fc.integer({ min: 1, max: 7 }), async (rows, order, size) => {
        await fill(rows)
        const select = 'SELECT id, a, b, c FROM things WHERE grp = $1'
        const values = [0]
        const { rows: expected } = await pool.query<Thing>(
          `SELECT id FROM (${select}) AS page ORDER BY ${orderBy(walked(order, false))}`,
          values,
        )
        const ids = expected.map(row => row.id)
        const page = keyset<{ id: number }>({ select, order, keys, size })
        const seen: number[] = []
        const starts: (string | undefined)[] = []
        let last: Page<Thing> | undefined
        for (let after: string | undefined; ; after = last.next) {
          last = await page(db, { values, ...(after === undefined ? {} : { after }) })
          seen.push(...last.rows.map(row => row.id))
          starts.push(last.previous)
          expect([last.hasMore, last.previous === undefined]).toEqual([seen.length < ids.length, starts.length === 1])
          if (last.next === undefined) break
        }
        expect(seen).toEqual(ids)
        const back: number[][] = [last.rows.map(row => row.id)]
        for (let before = last.previous; before !== undefined; before = last.previous) {
          last = await page(db, { values, before })
          back.unshift(last.rows.map(row => row.id))
          expect(last.next !== undefined).toBe(true)
        }
        expect(back.flat()).toEqual(ids)
      }),
      { numRuns: 60 },
    )
  })

  test('show nothing twice and leave nothing out while rows are written before them', async () => {
    await fill(Array.from({ length: 10 }, (_, at) => [at, null, null, 0]))
    const page = keyset<{ a: number }>({
      select: 'SELECT id, a FROM things',
      order: [{ column: 'a' }, { column: 'id' }],
      keys,
      size: 5,
    })
    const first = await page(db)
    await pool.query('INSERT INTO things SELECT n, -n, NULL, NULL, 0 FROM generate_series(100, 120) n')
    await pool.query('DELETE FROM things WHERE a = 4')
    const second = await page(db, { after: first.next! })
    expect([first, second].map(({ rows }) => rows.map(row => row.a))).toEqual([
      [0, 1, 2, 3, 4],
      [5, 6, 7, 8, 9],
    ])
    expect(Object.keys(second.rows[0]!)).toEqual(['id', 'a'])
  })

  test('refuse sizes out of range, and what is no request for a page', async () => {
    const page = keyset({ select: 'SELECT id FROM things', order: [{ column: 'id' }], keys, maxSize: 10 })
    for (const size of [0, 11, 2.5]) await expect(page(db, { size })).rejects.toThrow(`1 to 10 rows, not ${size}`)
    await expect(page(db, { after: 'x', before: 'y' })).rejects.toThrow('not both')
    expect(() => keyset({ select: '', order: [], keys })).toThrow('a column of order')
    expect(() => keyset({ select: '', order: [{ column: 'id' }], keys: ['short'] })).toThrow('16 characters')
  })

  test('say so where a NULL comes that was promised away', async () => {
    await fill([
      [null, null, null, 0],
      [1, null, null, 0],
    ])
    const page = keyset({
      select: 'SELECT id, a FROM things',
      order: [{ column: 'a', descending: true, nulls: 'none' }],
      keys,
      size: 1,
    })
    await expect(page(db)).rejects.toMatchObject({ code: 'FAULT_KEYSET_NULL', retryable: false })
  })
})

describe('a cursor', () => {
  test('is refused when it was changed, made with another key, or given out for another list', async () => {
    await fill(Array.from({ length: 4 }, (_, at) => [at, null, null, at % 2]))
    const order = [{ column: 'id' }]
    const select = 'SELECT id FROM things WHERE grp = $1'
    const page = keyset({ select, order, keys, size: 1 })
    const after = (await page(db, { values: [0] })).next!
    const others = {
      filter: page(db, { values: [1], after }),
      order: keyset({ select, order: [{ column: 'id', descending: true }], keys })(db, { values: [0], after }),
      select: keyset({ select: `${select} AND true`, order, keys })(db, { values: [0], after }),
      key: keyset({ select, order, keys: ['another secret text'] })(db, { values: [0], after }),
    }
    for (const refused of Object.values(others)) await expect(refused).rejects.toMatchObject({ code: 'FAULT_CURSOR' })
    const rotated = keyset({ select, order, keys: ['a newer secret text', ...keys] })
    expect((await rotated(db, { values: [0], after })).rows).toEqual([{ id: 3 }])
  })

  test('with any one character changed, left out or added is none', () => {
    const cursor = writeCursor(['12', null], 'list', keys)
    expect(readCursor(cursor, 'list', keys, 2)).toEqual(['12', null])
    const changed = fc.tuple(fc.nat(cursor.length - 1), fc.constantFrom('', 'A', 'z', '_', '.', 'AA'))
    fc.assert(
      fc.property(changed, ([at, by]) => {
        const other = cursor.slice(0, at) + by + cursor.slice(at + 1)
        // The last character of a signature has bits that mean nothing.
        fc.pre(other.slice(0, -1) !== cursor.slice(0, -1))
        expect(() => readCursor(other, 'list', keys, 2)).toThrow('the cursor')
      }),
    )
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), text => {
        expect(() => readCursor(text, 'list', keys, 2)).toThrow('the cursor')
      }),
    )
  })
})

describe('a page deep in a list', () => {
  const orders: Record<string, { select: string; order: KeysetColumn[]; position: (string | null)[] }> = {
    'of one direction': {
      select: 'SELECT * FROM many',
      order: [
        { column: 'a', nulls: 'none' },
        { column: 'b', nulls: 'none' },
        { column: 'id', nulls: 'none' },
      ],
      position: ['70', '25000', '5'],
    },
    'of two directions': {
      select: 'SELECT * FROM many',
      order: [
        { column: 'a', nulls: 'none' },
        { column: 'b', descending: true, nulls: 'none' },
        { column: 'id', nulls: 'none' },
      ],
      position: ['70', '25000', '5'],
    },
    'with NULLs': {
      select: 'SELECT * FROM many',
      order: [{ column: 'grp' }, { column: 'id', nulls: 'none' }],
      position: ['39', '30000'],
    },
    'among the NULLs': {
      select: 'SELECT * FROM many',
      order: [{ column: 'grp' }, { column: 'id', nulls: 'none' }],
      position: [null, '30000'],
    },
  }
  test.each(Object.entries(orders))(
    '%s reads a page of the index, not the list',
    async (_, { select, order, position }) => {
      for (const backwards of [false, true]) {
        const { text, values } = pageStatement(select, [], walked(order, backwards), position, 21)
        const { rows } = await pool.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, [...values])
        const read = rowsRead((rows[0] as { 'QUERY PLAN': [{ Plan: PlanNode }] })['QUERY PLAN'][0].Plan)
        expect(read.rows).toBeLessThanOrEqual(21 * 5)
        expect(new Set(read.scans)).toEqual(new Set([expect.stringContaining('Index')]))
      }
    },
  )
})

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Actual Rows': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

function rowsRead(node: PlanNode): { rows: number; scans: string[] } {
  const below = (node.Plans ?? []).map(rowsRead)
  const own = node['Node Type'].includes('Scan') && !node.Plans
  return {
    rows: below.reduce(
      (sum, { rows }) => sum + rows,
      own ? node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) : 0,
    ),
    scans: [...below.flatMap(({ scans }) => scans), ...(own ? [node['Node Type']] : [])],
  }
}

describe('the length of a list', () => {
  test('is estimated from statistics, and exact up to a bound', async () => {
    const all = await estimateRows(db, 'SELECT * FROM many')
    expect(all).toEqual({ rows: 50_000, exact: false })
    const some = await estimateRows(db, 'SELECT * FROM many WHERE a = $1', { values: [7] })
    expect(some.rows > 250 && some.rows < 1_000 && !some.exact).toBe(true)
    const filtered = { values: [7], exactUpTo: 1_000 }
    expect(await estimateRows(db, 'SELECT * FROM many WHERE a = $1', filtered)).toEqual({ rows: 500, exact: true })
    expect(await estimateRows(db, 'SELECT * FROM many', { exactUpTo: 100 })).toEqual({ rows: 50_000, exact: false })
    expect(await estimateRows(db, 'SELECT * FROM many WHERE id < 0')).toMatchObject({ exact: false })
  })
})

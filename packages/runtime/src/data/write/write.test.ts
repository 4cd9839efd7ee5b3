import { type PostgresServer, startPostgres } from '@whetstone/sandbox'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Context } from '../../context.ts'
import { Pool } from '../pool/pool.ts'
import type { Queryable } from '../queryable.ts'
import { batchedWrites } from './batched-writes.ts'
import { insertMany } from './insert-many.ts'
import type { InsertRow, InsertTarget } from './insert-statement.ts'
import { InsertBroken } from './outcome.ts'

let server: PostgresServer
let pool: Pool
let watcher: pg.Pool

beforeAll(async () => {
  server = await startPostgres()
  // A busy machine is slow to connect.
  pool = new Pool({ connectionString: server.url, max: 2, acquireTimeoutMs: 50_000, connectTimeoutMs: 50_000 })
  watcher = new pg.Pool({ connectionString: server.url, max: 1 })
  await watcher.query('CREATE TABLE items (id int PRIMARY KEY, n int NOT NULL CHECK (n < 100), tag varchar(3))')
})

beforeEach(async () => {
  await watcher.query('TRUNCATE items')
})

afterAll(async () => {
  await pool?.end()
  await watcher?.end()
  await server?.stop()
})

const typed: InsertTarget = { table: 'public.items', columns: { id: 'int', n: 'int', tag: 'varchar(3)' } }
const untyped: InsertTarget = { table: 'items', columns: ['id', 'n', 'tag'] }
const item = (id: number, n: unknown = id % 90, tag: string | null = null) => ({ id, n, tag })
const items = (count: number) => Array.from({ length: count }, (_, id) => item(id))
const ids = async () =>
  (await watcher.query<{ id: number }>('SELECT id FROM items ORDER BY id')).rows.map(row => row.id)

/** Counts the statements that go through. */
function counting(db: Queryable): Queryable & { readonly texts: string[] } {
  const texts: string[] = []
  return {
    texts,
    query: (statement, values, ctx) => {
      texts.push(typeof statement === 'string' ? statement : statement.text)
      return db.query(statement, values, ctx)
    },
  }
}

describe('an insert of many rows', () => {
  test.each([
    ['arrays', typed, {}, /unnest/],
    ['VALUES', untyped, {}, /VALUES/],
  ] as const)('is one statement of %s', async (_, target, options, shape) => {
    const db = counting(pool)
    expect(await insertMany(db, target, items(2_000), options)).toEqual({ written: 2_000, skipped: 0, failed: [] })
    expect([db.texts.length, shape.test(db.texts[0]!), (await ids()).length]).toEqual([1, true, 2_000])
  })

  test('is COPY from a number of rows on', async () => {
    const report = await insertMany(pool, typed, items(300), { copyFrom: 200, rows: 'each' })
    expect([report.written, (await ids()).length]).toEqual([300, 300])
    await expect(insertMany(pool, typed, [...items(3), item(1)], { copyFrom: 2 })).rejects.toMatchObject({
      code: '23505',
      where: expect.stringContaining('COPY'),
    })
  })

  test('keeps lists, JSON, bytes and what has quotes', async () => {
    await watcher.query('CREATE TABLE kinds (id int, tags text[], grid int[], doc jsonb, bytes bytea, at timestamptz)')
    const target = {
      table: 'kinds',
      columns: { id: 'int', tags: 'text[]', grid: 'int[]', doc: 'jsonb', bytes: 'bytea', at: 'timestamptz' },
    }
    const at = new Date('2026-01-02T03:04:05.678Z')
    const rows = [
      {
        id: 1,
        tags: ['a"b', null, '\\', ''],
        grid: [
          [1, 2],
          [3, 4],
        ],
        doc: [1, { 'it"s': null }],
        bytes: Buffer.from([0, 255]),
        at,
      },
      { id: 2, tags: [], grid: null, doc: null, bytes: null, at: null },
    ]
    for (const copyFrom of [1, 10]) {
      await watcher.query('TRUNCATE kinds')
      await insertMany(pool, target, rows, { copyFrom })
      expect((await watcher.query('SELECT * FROM kinds ORDER BY id')).rows).toEqual(rows)
    }
  })

  test('refuses what it cannot write as asked', async () => {
    await expect(insertMany(pool, untyped, items(30_000), { copyFrom: Infinity })).rejects.toThrow(
      'give the types of the columns',
    )
    await expect(
      insertMany(pool, { table: 'items', columns: { id: 'int); DROP TABLE items' } }, items(1)),
    ).rejects.toThrow('no type')
    await expect(insertMany(pool, { table: 'items', columns: [] }, items(1))).rejects.toThrow('needs columns')
    expect(await insertMany(pool, typed, [])).toEqual({ written: 0, skipped: 0, failed: [] })
  })

  test('of all or none has none when one is refused, and no text is cut to fit', async () => {
    const rows = [item(1), item(2, 3, 'long'), item(3)]
    for (const target of [typed, untyped])
      await expect(insertMany(pool, target, rows)).rejects.toMatchObject({ code: '22001' })
    expect(await ids()).toEqual([])
  })

  test('leaves what is there already when told so, and counts it', async () => {
    await insertMany(pool, typed, items(3))
    const target = { ...typed, onConflict: 'nothing' as const }
    expect(await insertMany(pool, target, items(5))).toEqual({ written: 2, skipped: 3, failed: [] })
    const report = await insertMany(pool, target, [...items(7), item(9, 500)], { rows: 'each', copyFrom: 1 })
    expect(report).toMatchObject({ written: 2, skipped: 5, failed: [{ index: 7 }] })
  })
})

describe('an insert of each row that can be written', () => {
  const row = fc.record({
    id: fc.nat(30),
    n: fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 99 }) },
      { weight: 1, arbitrary: fc.constantFrom(100, null, 'x') },
    ),
    tag: fc.constantFrom('a', null, 'long'),
  })

  test('does what inserting one by one does: the same rows written, the same refused, for the same reasons', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 30 }),
        fc.integer({ min: 1, max: 50 }),
        fc.boolean(),
        async (rows, chunkRows, byCopy) => {
          await watcher.query('TRUNCATE items')
          const refused: { index: number; code: string }[] = []
          for (const [index, { id, n, tag }] of rows.entries())
            await watcher
              .query('INSERT INTO items VALUES ($1, $2, $3)', [id, n, tag])
              .catch((error: { code: string }) => {
                refused.push({ index, code: error.code })
              })
          const { rows: expected } = await watcher.query('SELECT * FROM items ORDER BY id')
          await watcher.query('TRUNCATE items')
          const report = await insertMany(pool, typed, rows, {
            rows: 'each',
            chunkRows,
            copyFrom: byCopy ? 5 : Infinity,
          })
          expect(report.failed.map(({ index, error }) => ({ index, code: (error as { code?: string }).code }))).toEqual(
            refused,
          )
          expect([report.written, report.skipped]).toEqual([expected.length, 0])
          expect((await watcher.query('SELECT * FROM items ORDER BY id')).rows).toEqual(expected)
        },
      ),
      { numRuns: 20 },
    )
  })

  test('finds one bad row of a thousand in twenty statements', async () => {
    const db = counting(pool)
    const report = await insertMany(db, typed, [...items(700), item(5), ...items(1_000).slice(701)], { rows: 'each' })
    expect(report).toMatchObject({ written: 999, failed: [{ index: 700, error: { code: '23505' } }] })
    expect(db.texts.length).toBeLessThanOrEqual(21)
  })

  test('stays in the transaction it is given, behind savepoints', async () => {
    const client = await watcher.connect()
    const db: Queryable = { query: (statement, values) => client.query(statement as string, values as unknown[]) }
    try {
      await client.query('BEGIN')
      const report = await insertMany(db, typed, [item(1), item(2, null), item(3)], {
        rows: 'each',
        inTransaction: true,
      })
      expect(report).toMatchObject({ written: 2, failed: [{ index: 1, error: { code: '23502' } }] })
      expect((await client.query('SELECT id FROM items')).rows).toEqual([{ id: 1 }, { id: 3 }])
      await client.query('ROLLBACK')
    } finally {
      client.release()
    }
    expect(await ids()).toEqual([])
  })

  test('that breaks off says which rows are written, which may be, and which are not', async () => {
    let calls = 0
    const breaking: Queryable = {
      query(statement, values, ctx) {
        if (++calls === 3) return Promise.reject(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
        return pool.query(statement, values as unknown[], ctx)
      },
    }
    const broken = await insertMany(breaking, typed, items(50), { rows: 'each', chunkRows: 10 }).catch(
      (error: unknown) => error,
    )
    expect(broken).toBeInstanceOf(InsertBroken)
    expect(broken).toMatchObject({
      code: 'FAULT_WRITE_BROKEN',
      retryable: false,
      report: { written: 20 },
      unknown: { from: 20, count: 10 },
      unwrittenFrom: 30,
    })
    const noTable = await insertMany(pool, { ...typed, table: 'nowhere' }, items(9), { rows: 'each' }).catch(
      (error: unknown) => error,
    )
    expect(noTable).toMatchObject({ cause: { code: '42P01' }, unknown: { count: 0 }, unwrittenFrom: 0 })
  })
})

describe('batched writes', () => {
  const outcome = (promise: Promise<void>) =>
    promise.then(
      () => 'written',
      (error: { code?: string }) => error.code,
    )

  test('write what comes in one tick with one insert, and each caller hears of his own row', async () => {
    const db = counting(pool)
    const write = batchedWrites(db, typed)
    const rows: InsertRow[] = [item(1), item(2, 500), item(1), item(3), item(3, 4)]
    expect(await Promise.all(rows.map(row => outcome(write(row))))).toEqual([
      'written',
      '23514',
      '23505',
      'written',
      '23505',
    ])
    expect([await ids(), write.stats()]).toEqual([[1, 3], { loads: 1, keys: 5, failedLoads: 0 }])
    db.texts.length = 0
    await Promise.all(Array.from({ length: 500 }, (_, at) => write(item(100 + at, 1))))
    expect(db.texts.length).toBe(1)
  })

  test('grow while an insert is under way', async () => {
    let release: () => void = () => undefined
    const sizes: number[] = []
    const db: Queryable = {
      async query(statement, values, ctx) {
        sizes.push((values![0] as unknown[]).length)
        await new Promise<void>(resolve => (release = resolve))
        return pool.query(statement, values as unknown[], ctx)
      },
    }
    const write = batchedWrites(db, typed)
    const tick = () => new Promise<void>(resolve => setImmediate(resolve))
    const first = write(item(1))
    await tick()
    const others = [2, 3, 4].map(id => write(item(id)))
    const left = new Context()
    const gone = outcome(write(item(5), left))
    await tick()
    left.cancel({ code: 'gone' })
    expect(await gone).toBe('gone')
    release()
    await first
    while (sizes.length < 2) await tick()
    release()
    await Promise.all(others)
    expect([sizes, await ids()]).toEqual([
      [1, 3],
      [1, 2, 3, 4],
    ])
  })

  test('say of each row what is known of it when the connection breaks', async () => {
    const write = batchedWrites(
      { query: () => Promise.reject(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })) },
      typed,
    )
    const lost = write(item(1))
    await expect(lost).rejects.toMatchObject({ code: 'FAULT_WRITE_BROKEN', retryable: false })
    const refused = batchedWrites(pool, { ...typed, table: 'nowhere' })
    await expect(refused(item(1))).rejects.toMatchObject({
      code: 'FAULT_WRITE_BROKEN',
      retryable: true,
      cause: { code: '42P01' },
    })
  })

  test('refuse a row when too many wait', async () => {
    const write = batchedWrites(pool, typed, { maxQueued: 2 })
    expect(await Promise.all([item(1), item(2), item(3)].map(row => outcome(write(row))))).toEqual([
      'written',
      'written',
      'FAULT_BATCH_FULL',
    ])
  })
})

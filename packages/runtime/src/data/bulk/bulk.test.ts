import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type PostgresServer, startPostgres } from '@whetstone/sandbox'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Context } from '../../context.ts'
import { copyIn, copyRowsIn } from './copy-in.ts'
import { copyOut, copyRowsOut } from './copy-out.ts'
import { csvLine } from './csv.ts'

let server: PostgresServer
let pool: pg.Pool
let watcher: pg.Pool

beforeAll(async () => {
  server = await startPostgres()
  pool = new pg.Pool({ connectionString: server.url, max: 1, application_name: 'copies' })
  pool.on('error', () => undefined)
  watcher = new pg.Pool({ connectionString: server.url, max: 1 })
  await pool.query('CREATE TABLE texts (id int, a text, b text)')
  await pool.query('CREATE TABLE numbers (n int PRIMARY KEY)')
})

beforeEach(async () => {
  await watcher.query('TRUNCATE texts, numbers')
})

afterAll(async () => {
  await pool?.end()
  await watcher?.end()
  await server?.stop()
})

const texts = { table: 'public.texts', columns: ['id', 'a', 'b'] }
const numbers = { table: 'numbers', columns: ['n'] }
const count = async (table: string) =>
  (await watcher.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)).rows[0]!.n
const usable = async () => (await pool.query('SELECT 1 AS one')).rows.length === 1

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const row of rows) list.push(row)
  return list
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 20_000
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error('it never came to be')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

const isIdle = async () =>
  (await watcher.query(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'copies' AND state <> 'idle'`)).rows
    .length === 0

// PostgreSQL holds any text but the character 0 and halves of a pair.
const anyText = fc
  .oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('\\', 'N', '.', '\t', '\n', '\r', '"', ',', ' ', 'é', '😀') }),
  )
  .filter(value => !value.includes('\0') && !/[\uD800-\uDFFF]/u.test(value))
const anyRows = fc.array(fc.tuple(fc.option(anyText), fc.option(anyText)), { maxLength: 30 })

describe('rows by COPY', () => {
  test('come out as they went in, whatever the text, as text and as CSV', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, async pairs => {
        const rows = pairs.map(([a, b], id) => [String(id), a, b] as const)
        for (const write of [
          () => copyRowsIn(pool, texts, rows),
          () => copyIn(pool, 'COPY texts FROM STDIN (FORMAT csv)', rows.map(csvLine)),
        ]) {
          await watcher.query('TRUNCATE texts')
          expect(await write()).toBe(rows.length)
          const { rows: read } = await watcher.query({
            text: 'SELECT id::text, a, b FROM texts ORDER BY id',
            rowMode: 'array',
          })
          expect(read).toEqual(rows)
          expect(await all(copyRowsOut(pool, 'SELECT id, a, b FROM texts ORDER BY id'))).toEqual(rows)
          expect(
            await text(copyOut(pool, 'COPY (SELECT id, a, b FROM texts ORDER BY id) TO STDOUT (FORMAT csv)')),
          ).toBe(rows.map(csvLine).join(''))
        }
      }),
      { numRuns: 30 },
    )
  })

  test('keep values of every kind', async () => {
    await pool.query(
      `CREATE TABLE kinds (flag bool, big int8, real float8, at timestamptz, bytes bytea, tags text[], grid int[], doc jsonb, list jsonb)`,
    )
    const at = new Date('2026-02-03T04:05:06.789Z')
    const columns = {
      flag: 'bool',
      big: 'int8',
      real: 'float8',
      at: 'timestamptz',
      bytes: 'bytea',
      tags: 'text[]',
      grid: 'int[]',
      doc: 'jsonb',
      list: 'jsonb',
    }
    const row = [
      true,
      9007199254740993n,
      Infinity,
      at,
      Buffer.from([0, 92, 255]),
      ['a"b', 'c\\d', null, ''],
      [
        [1, 2],
        [3, 4],
      ],
      { a: [1, '\t'] },
      [1, { b: null }],
    ]
    const far = [false, 0, -0.5, new Date(Date.UTC(12_026, 0, 1)), new Uint8Array(), [], [], 'text', null]
    expect(await copyRowsIn(pool, { table: 'kinds', columns }, [row, far])).toBe(2)
    const { rows } = await pool.query({
      text: 'SELECT *, extract(year FROM at)::int AS year FROM kinds ORDER BY big DESC',
      rowMode: 'array',
    })
    expect(rows[0]).toEqual([true, '9007199254740993', Infinity, at, row[4], row[5], row[6], row[7], row[8], 2026])
    expect(rows[1]!.slice(4)).toEqual([Buffer.alloc(0), [], [], 'text', null, 12_026])
  })

  test('are read from a source that is in no hurry, and from a file as it is', async () => {
    async function* slowly() {
      for (let n = 0; n < 5; n++) {
        await new Promise(resolve => setImmediate(resolve))
        yield [n]
      }
    }
    expect(await copyRowsIn(pool, numbers, slowly())).toBe(5)
    const file = Readable.from([Buffer.from('n\n10\n1'), '1\n'])
    expect(await copyIn(pool, 'COPY numbers FROM STDIN (FORMAT csv, HEADER)', file)).toBe(2)
    expect(await count('numbers')).toBe(7)
  })
})

describe('COPY in', () => {
  test('that the server refuses writes nothing, says where, and leaves its source', async () => {
    let [taken, isLeft] = [0, false]
    function* source() {
      try {
        for (; taken < 10_000_000; taken++) yield [taken === 10 ? 'ten' : taken]
      } finally {
        isLeft = true
      }
    }
    await expect(copyRowsIn(pool, numbers, source())).rejects.toMatchObject({
      code: '22P02',
      where: expect.stringContaining('line 11'),
    })
    expect([taken < 10_000_000, isLeft, await count('numbers'), await usable()]).toEqual([true, true, 0, true])
  })

  test('whose source fails, or waits for ever when the server refuses, ends with what went wrong', async () => {
    async function* failing() {
      yield [1]
      throw new Error('the file is gone')
    }
    await expect(copyRowsIn(pool, numbers, failing())).rejects.toThrow('the file is gone')
    async function* stuck() {
      yield 'one\n'
      await new Promise(() => undefined)
    }
    await expect(copyIn(pool, 'COPY numbers FROM STDIN', stuck())).rejects.toMatchObject({ code: '22P02' })
    expect([await count('numbers'), await usable()]).toEqual([0, true])
  })

  test('is given up when its caller is gone or its deadline passes', async () => {
    async function* endless() {
      for (let n = 0; ; n++) {
        await new Promise(resolve => setImmediate(resolve))
        yield `${n}\n`
      }
    }
    const context = new Context()
    const copying = copyIn(pool, 'COPY numbers FROM STDIN', endless(), { ctx: context })
    await until(async () => !(await isIdle()))
    context.cancel('enough')
    await expect(copying).rejects.toBe('enough')
    await expect(copyIn(pool, 'COPY numbers FROM STDIN', endless(), { ctx: context })).rejects.toBe('enough')
    await expect(
      copyIn(pool, 'COPY numbers FROM STDIN', endless(), { ctx: new Context(performance.now() + 150) }),
    ).rejects.toMatchObject({ code: 'FAULT_DEADLINE' })
    await until(isIdle)
    expect([await count('numbers'), await usable()]).toEqual([0, true])
  })

  test('waits for a server that does not read on', async () => {
    const client = await watcher.connect()
    await client.query('BEGIN; LOCK TABLE numbers')
    let taken = 0
    function* source() {
      for (; taken < 3_000_000; taken++) yield [taken]
    }
    const context = new Context()
    const copying = copyRowsIn(pool, numbers, source(), { ctx: context })
    copying.catch(() => undefined)
    await until(
      async () =>
        (
          await client.query(
            `SELECT 1 FROM pg_stat_activity WHERE application_name = 'copies' AND wait_event_type = 'Lock'`,
          )
        ).rows.length > 0,
    )
    context.cancel('enough')
    await expect(copying).rejects.toBe('enough')
    await client.query('COMMIT')
    client.release()
    await until(isIdle)
    expect([taken < 3_000_000, await count('numbers'), await usable()]).toEqual([true, 0, true])
  })

  test('that is given up before the server asked for rows ends there at once, and leaves its connection sound', async () => {
    const pid = async () => (await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid
    const before = await pid()
    const holder = new pg.Client({ connectionString: server.url })
    await holder.connect()
    await holder.query('BEGIN; LOCK TABLE numbers')
    const gone = new Context()
    const written = copyRowsIn(pool, numbers, [[1]], { ctx: gone })
    const refused = expect(written).rejects.toMatchObject({ code: 'FAULT_CANCELLED' })
    const isBlocked = async () =>
      (
        await watcher.query(
          `SELECT FROM pg_stat_activity WHERE application_name = 'copies' AND wait_event_type = 'Lock'`,
        )
      ).rows.length > 0
    await until(isBlocked)
    gone.cancel()
    await holder.query('COMMIT')
    await refused
    await holder.end()
    expect([await pid(), await count('numbers')]).toEqual([before, 0])
  })

  test('keeps nothing of what it has sent', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    await watcher.query('CREATE TABLE wide (line text)')
    const line = Buffer.alloc(1024 * 1024, 'x')
    line[line.length - 1] = 10
    const sent: WeakRef<Buffer>[] = []
    const kept = () => sent.filter(chunk => chunk.deref() !== undefined).length
    async function* chunks() {
      for (let at = 0; at < 50; at++) {
        const chunk = Buffer.from(line)
        sent.push(new WeakRef(chunk))
        yield chunk
      }
      // Of those before the last only what the socket still holds is in memory; the server may take its time.
      await until(() => {
        collect()
        return Promise.resolve(kept() <= 5)
      })
    }
    expect(await copyIn(pool, 'COPY wide FROM STDIN', chunks())).toBe(50)
    expect(sent).toHaveLength(50)
  })

  test('fails, and not the process with it, when the connection of a plain pool is lost', async () => {
    let client: pg.PoolClient | undefined
    pool.once('acquire', acquired => (client = acquired))
    async function* chunks() {
      yield '1\n'
      ;(client as unknown as pg.Client).connection.stream.destroy(new Error('cut'))
      await new Promise(() => undefined)
    }
    await expect(copyIn(pool, 'COPY numbers FROM STDIN', chunks())).rejects.toThrow()
    expect(await usable()).toBe(true)
  })

  test('refuses a statement that is none', async () => {
    await expect(copyIn(pool, 'SELECT 1', [])).rejects.toThrow('no COPY … FROM STDIN')
    await expect(copyIn(pool, 'COPY numbers TO STDOUT', [])).rejects.toThrow('no COPY … FROM STDIN')
    expect(await usable()).toBe(true)
  })
})

describe('COPY out', () => {
  const many = 'SELECT n FROM generate_series(1, 100000) n'
  // More than all buffers of a socket.
  const wide = `SELECT repeat('x', 999) FROM generate_series(1, 30000)`

  test('has every byte, once', async () => {
    const rows = await all(copyRowsOut(pool, many))
    expect([rows.length, rows[0], rows.at(-1), rows.findIndex(([n], at) => n !== String(at + 1))]).toEqual([
      100_000,
      ['1'],
      ['100000'],
      -1,
    ])
  })

  test('is read no faster than it is used', async () => {
    const body = copyOut(pool, `COPY (${wide}) TO STDOUT`)
    body.once('readable', () => undefined)
    await until(async () => body.readableLength > 0)
    // The server stands still with most of it unsent.
    await until(
      async () =>
        (
          await watcher.query(
            `SELECT 1 FROM pg_stat_activity WHERE application_name = 'copies' AND wait_event = 'ClientWrite'`,
          )
        ).rows.length > 0,
    )
    expect(body.readableLength).toBeLessThan(1_000_000)
    expect((await text(body)).length).toBe(30_000_000)
    expect(await usable()).toBe(true)
  })

  test('that is left ends on the server and gives its connection back', async () => {
    for await (const row of copyRowsOut(pool, many)) if (row[0] === '5') break
    await until(isIdle)
    const body = copyOut(pool, 'COPY (SELECT pg_sleep(60)) TO STDOUT')
    body.resume()
    await until(async () => !(await isIdle()))
    body.destroy()
    await until(isIdle)
    expect(await usable()).toBe(true)
  })

  test('fails, and not the process with it, when the connection of a plain pool is lost', async () => {
    let client: pg.PoolClient | undefined
    pool.once('acquire', acquired => (client = acquired))
    const read = async () => {
      for await (const row of copyRowsOut(pool, wide))
        if (row) (client as unknown as pg.Client).connection.stream.destroy(new Error('cut'))
    }
    await expect(read()).rejects.toThrow()
    expect(await usable()).toBe(true)
  })

  test('ends with what the server says, or the reason of its context', async () => {
    await expect(
      text(copyOut(pool, 'COPY (SELECT 1 / (3 - n) FROM generate_series(1, 9) n) TO STDOUT')),
    ).rejects.toMatchObject({ code: '22012' })
    const context = new Context(performance.now() + 150)
    await expect(text(copyOut(pool, 'COPY (SELECT pg_sleep(60)) TO STDOUT', { ctx: context }))).rejects.toMatchObject({
      code: 'FAULT_DEADLINE',
    })
    await expect(text(copyOut(pool, 'COPY numbers FROM STDIN'))).rejects.toMatchObject({ code: '57014' })
    expect(await text(copyOut(pool, 'SELECT 1'))).toBe('')
    await until(isIdle)
    expect(await usable()).toBe(true)
  })
})

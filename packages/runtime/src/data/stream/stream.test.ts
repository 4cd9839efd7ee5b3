import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { text } from 'node:stream/consumers'
import { type PostgresServer, startPostgres } from '@whetstone/sandbox'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Context } from '../../context.ts'
import { Pool } from '../pool/pool.ts'
import { copyRowsIn } from '../bulk/copy-in.ts'
import { copyRowsOut } from '../bulk/copy-out.ts'
import { RowBatches } from './row-batches.ts'
import { streamRows } from './stream-rows.ts'
import { csvStream, ndjsonStream } from './text-streams.ts'

let server: PostgresServer
let pool: pg.Pool
let watcher: pg.Pool

beforeAll(async () => {
  server = await startPostgres()
  pool = new pg.Pool({ connectionString: server.url, max: 1, application_name: 'streams' })
  // As any service does: a connection may be lost while nobody uses it.
  pool.on('error', () => undefined)
  watcher = new pg.Pool({ connectionString: server.url, max: 1 })
})

afterAll(async () => {
  await pool?.end()
  await watcher?.end()
  await server?.stop()
})

const numbers = (count: number) => `SELECT n, 'row ' || n AS name FROM generate_series(1, ${count}) n`

/** What the server is doing for the streams now; empty when nothing. */
async function running(): Promise<readonly string[]> {
  const { rows } = await watcher.query<{ state: string }>(
    `SELECT state FROM pg_stat_activity WHERE application_name = 'streams' AND state <> 'idle'`,
  )
  return rows.map(row => row.state)
}

async function waiting(): Promise<string | undefined> {
  const { rows } = await watcher.query<{ wait_event: string }>(
    `SELECT wait_event FROM pg_stat_activity WHERE application_name = 'streams' AND state = 'active'`,
  )
  return rows[0]?.wait_event
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const endMs = performance.now() + 20_000
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error('it never came to be')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

describe('a stream of rows', () => {
  test.each([0, 1, 499, 500, 501, 1_000, 2_345])('has all %i rows in their order, once', async count => {
    const seen: number[] = []
    for await (const { n } of streamRows<{ n: number }>(pool, numbers(count))) seen.push(n)
    expect(seen).toEqual(Array.from({ length: count }, (_, at) => at + 1))
  })

  test('takes parameters and gives rows as lists', async () => {
    const statement = {
      text: 'SELECT n, $2::text FROM generate_series(1, $1::int) n',
      values: [3, 'x'],
      rowMode: 'array' as const,
    }
    const rows: unknown[] = []
    for await (const row of streamRows<unknown[]>(pool, statement, { batchRows: 2 })) rows.push(row)
    expect(rows).toEqual([
      [1, 'x'],
      [2, 'x'],
      [3, 'x'],
    ])
  })

  test('fetches no further than the batch after the one being read', async () => {
    await pool.query('CREATE SEQUENCE walked')
    const batches = new RowBatches<{ n: number }>(pool, `SELECT nextval('walked') FROM generate_series(1, 1000)`, {
      batchRows: 10,
    })
    await batches.next()
    await batches.return()
    const { rows } = await pool.query<{ last_value: string }>('SELECT last_value FROM walked')
    expect(Number(rows[0]!.last_value)).toBeLessThanOrEqual(20)
  })

  test('that is left closes on the server and gives its connection back, sound', async () => {
    const pids: number[] = []
    for (let round = 0; round < 3; round++) {
      const batches = new RowBatches(pool, numbers(100_000), { batchRows: 50 })
      await batches.next()
      // The next batch has been sent, and the server waits to be told what to do.
      await until(async () => (await waiting()) === 'ClientRead')
      await new Promise(resolve => setImmediate(resolve))
      await batches.return()
      pids.push((await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid)
    }
    expect([new Set(pids).size, await running()]).toEqual([1, []])
  })

  test('that is left in the middle of a batch leaves nothing behind', async () => {
    for await (const { n } of streamRows<{ n: number }>(pool, numbers(100_000), { batchRows: 50 })) if (n === 70) break
    expect(pool.totalCount - pool.idleCount).toBe(0)
    await until(async () => (await running()).length === 0)
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test('that is left while the server still searches is cancelled there', async () => {
    const batches = new RowBatches(pool, 'SELECT pg_sleep(60)')
    const first = batches.next()
    await until(async () => (await running()).length > 0)
    await batches.return()
    expect(await first).toEqual({ done: true, value: undefined })
    await until(async () => (await running()).length === 0)
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test('says what the server said, also in the middle, and the pool goes on', async () => {
    const read = async (statement: string) => {
      let count = 0
      try {
        for await (const _ of streamRows(pool, statement, { batchRows: 10 })) count++
      } catch (error) {
        return [count, (error as { code?: string }).code]
      }
      return [count]
    }
    expect(await read('SELECT nothing')).toEqual([0, '42703'])
    expect(await read('SELECT 1 / (25 - n) FROM generate_series(1, 100) n')).toEqual([20, '22012'])
    expect(await read('SELECT')).toEqual([1])
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test('ends with the reason of its context, at once or in the middle', async () => {
    const context = new Context()
    const seen: number[] = []
    const read = (async () => {
      for await (const { n } of streamRows<{ n: number }>(pool, numbers(100_000), { batchRows: 10, ctx: context })) {
        seen.push(n)
        if (n === 25) context.cancel('enough')
      }
    })()
    await expect(read).rejects.toBe('enough')
    expect(seen.length).toBeLessThanOrEqual(30)
    await expect(streamRows(pool, numbers(1), { ctx: context }).next()).rejects.toBe('enough')
    const late = new Context(performance.now() + 150)
    await expect(streamRows(pool, 'SELECT pg_sleep(60)', { ctx: late }).next()).rejects.toMatchObject({
      code: 'FAULT_DEADLINE',
    })
    await until(async () => (await running()).length === 0)
  })

  test('lasts no longer than a statement may, the time of its reader included', async () => {
    const limited = new Pool({ connectionString: server.url, max: 1, statementTimeoutMs: 300 })
    const read = (async () => {
      for await (const _ of streamRows(limited, numbers(1_000_000), { batchRows: 10 })) await delay(1)
    })()
    await expect(read).rejects.toMatchObject({ code: '57014' })
    expect((await limited.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await limited.end()
  })

  test('that waits for a connection can be left, and takes none', async () => {
    const client = await pool.connect()
    const batches = new RowBatches(pool, numbers(1))
    const first = batches.next()
    const left = batches.return()
    client.release()
    await left
    expect(await first).toEqual({ done: true, value: undefined })
    expect([pool.totalCount, pool.idleCount]).toEqual([1, 1])
  })

  test('fails when its connection is lost', async () => {
    const batches = new RowBatches(pool, 'SELECT pg_sleep(60)')
    const first = expect(batches.next()).rejects.toThrow()
    await until(async () => (await running()).length > 0)
    await watcher.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'streams'`)
    await first
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })
})

describe('a stream on a plain pool', () => {
  test('fails, and not the process with it, when its connection is lost', async () => {
    let client: pg.PoolClient | undefined
    pool.once('acquire', acquired => (client = acquired))
    const batches = new RowBatches(pool, numbers(2_000))
    await batches.next()
    ;(client as unknown as pg.Client).connection.stream.destroy(new Error('cut'))
    const rest = async () => {
      for await (const batch of batches) expect(batch.length).toBeGreaterThan(0)
    }
    await expect(rest()).rejects.toThrow()
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test('has a deadline as far away as may be', async () => {
    const { value } = await new RowBatches(pool, numbers(1), { ctx: new Context(1e12) }).next()
    expect(value).toHaveLength(1)
  })
})

describe('a query as a body', () => {
  test('is NDJSON', async () => {
    expect(await text(ndjsonStream(pool, numbers(3), { batchRows: 2 }))).toBe(
      '{"n":1,"name":"row 1"}\n{"n":2,"name":"row 2"}\n{"n":3,"name":"row 3"}\n',
    )
  })

  test('is CSV with its columns named, and what is special in quotes', async () => {
    const statement = `VALUES (1, 'a,b', true), (2, 'say "so"', NULL), (3, '', false)`
    expect(await text(csvStream(pool, statement))).toBe('column1,column2,column3\n1,"a,b",t\n2,"say ""so""",\n3,"",f\n')
    expect(await text(csvStream(pool, statement, { columns: ['column2'], header: false }))).toBe(
      '"a,b"\n"say ""so"""\n""\n',
    )
    expect(await text(csvStream(pool, 'SELECT 1 AS a WHERE false', { columns: ['a'] }))).toBe('a\n')
  })

  test('is CSV that names its columns also when there is no row, and nothing when it fails before the first', async () => {
    const none = `SELECT 1 AS "2", 'x' AS "a,b", now() AS "1" WHERE false`
    expect(await text(csvStream(pool, none))).toBe('2,"a,b",1\n')
    expect(await text(csvStream(pool, none, { header: false }))).toBe('')
    expect(await text(csvStream(pool, none, { columns: ['1'] }))).toBe('1\n')
    expect(await text(csvStream(pool, 'CREATE TABLE nothing ()'))).toBe('')
    const failing = csvStream(pool, 'SELECT 1 / (n - 1) AS n FROM generate_series(1, 2) n')
    let received = ''
    failing.on('data', (chunk: Buffer) => (received += chunk.toString()))
    await expect(finished(failing)).rejects.toMatchObject({ code: '22012' })
    expect(received).toBe('')
  })

  test('is CSV of the columns in the order of the statement, each as often as it has a value', async () => {
    const statement = `SELECT n AS b, n + 1 AS "1", n + 2 AS b FROM generate_series(1, 2) n`
    expect(await text(csvStream(pool, statement))).toBe('b,1\n3,2\n4,3\n')
    expect(await text(csvStream(pool, { text: statement, rowMode: 'array' }))).toBe('b,1,b\n1,2,3\n2,3,4\n')
  })

  test('is read no faster than it is written', async () => {
    await pool.query('CREATE SEQUENCE written')
    const body = ndjsonStream(
      pool,
      `SELECT nextval('written'), repeat('x', 1000) AS filler FROM generate_series(1, 5000)`,
      { batchRows: 20 },
    )
    let release: () => void = () => undefined
    const slow = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => void (release = done) })
    const piped = pipeline(body, slow)
    await until(() => body.readableLength > 0 && slow.writableLength > 0)
    slow.destroy()
    await expect(piped).rejects.toThrow()
    release()
    await until(() => pool.idleCount === pool.totalCount)
    const { rows } = await pool.query<{ last_value: string }>('SELECT last_value FROM written')
    // The one being written, those that fill both buffers, the one ready and the one on its way.
    expect(Number(rows[0]!.last_value)).toBeLessThanOrEqual(200)
  })

  test('is destroyed with the server’s error: a body cut short does not look whole', async () => {
    const body = ndjsonStream(pool, 'SELECT 1 / (25 - n) FROM generate_series(1, 100) n', { batchRows: 10 })
    await expect(text(body)).rejects.toMatchObject({ code: '22012' })
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test('that nobody wants any more gives its connection back', async () => {
    const body = ndjsonStream(pool, numbers(100_000))
    body.once('data', () => body.destroy())
    await once(body, 'close')
    expect(pool.totalCount - pool.idleCount).toBe(0)
    await until(async () => (await running()).length === 0)
  })
})

describe('over HTTP', () => {
  async function serving(handle: RequestListener, use: (port: number) => Promise<void>): Promise<void> {
    const http = createServer(handle).listen(0, '127.0.0.1')
    await once(http, 'listening')
    try {
      await use((http.address() as AddressInfo).port)
    } finally {
      http.closeAllConnections()
      http.close()
    }
  }

  test('a client that stops reading stops the query, and one that goes away ends it', async () => {
    await pool.query('CREATE SEQUENCE sent')
    const statement = `SELECT nextval('sent') AS n, repeat('x', 10000) AS wide FROM generate_series(1, 20000)`
    const sent = async () => {
      const { rows } = await watcher.query<{ n: string }>('SELECT last_value AS n FROM sent')
      return Number(rows[0]!.n)
    }
    const handle: RequestListener = (_, response) => {
      void pipeline(ndjsonStream(pool, statement, { batchRows: 50 }), response).catch(() => undefined)
    }
    await serving(handle, async port => {
      const client = connect(port, '127.0.0.1')
      client.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n')
      await once(client, 'data')
      client.pause()
      let [before, now] = [-1, await sent()]
      while (before !== now) {
        await delay(200)
        ;[before, now] = [now, await sent()]
      }
      expect(now).toBeLessThan(20_000)
      expect(pool.idleCount).toBe(0)
      client.destroy()
      await until(() => pool.idleCount === 1)
      expect(await running()).toEqual([])
    })
  })

  test('a client that goes away ends the one query it asked for', async () => {
    const own = new Pool({ connectionString: server.url, max: 1, application_name: 'streams' })
    const handle: RequestListener = (_, response) => {
      const gone = new AbortController()
      response.on('close', () => gone.abort())
      own.query('SELECT pg_sleep(600)', [], Context.ofSignal(gone.signal)).catch(() => undefined)
    }
    try {
      await serving(handle, async port => {
        const client = connect(port, '127.0.0.1')
        client.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n')
        await until(async () => (await waiting()) === 'PgSleep')
        client.destroy()
        await until(async () => (await running()).length === 0)
        expect((await own.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
        expect(own.stats()).toMatchObject({ cancelled: 1, opened: 1 })
      })
    } finally {
      await own.end()
    }
  })
})

test('streams and COPY run on the pool of the runtime as on that of node-postgres', async () => {
  const ours = new Pool({ connectionString: server.url, max: 1, acquireTimeoutMs: 50_000, connectTimeoutMs: 50_000 })
  try {
    await ours.query('CREATE TABLE copied (n int)')
    const numbersOfRows = async () => {
      const seen: number[] = []
      for await (const { n } of streamRows<{ n: number }>(ours, 'SELECT n FROM copied ORDER BY n', { batchRows: 2 })) {
        seen.push(n)
        if (n === 4) break
      }
      return seen
    }
    expect(await copyRowsIn(ours, { table: 'copied', columns: ['n'] }, [[1], [2], [3], [4], [5]])).toBe(5)
    expect(await numbersOfRows()).toEqual([1, 2, 3, 4])
    const fields: unknown[] = []
    for await (const row of copyRowsOut(ours, { table: 'copied', columns: ['n'] })) fields.push(...row)
    expect(fields).toEqual(['1', '2', '3', '4', '5'])
    expect((await ours.query<{ one: number }>('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  } finally {
    await ours.end()
  }
})

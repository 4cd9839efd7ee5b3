import { once } from 'node:events'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import pg from 'pg'
import { copyIn, copyOut, copyRowsIn, copyRowsOut } from '../bulk/index.ts'
import { csvStream, ndjsonStream, RowBatches, streamRows } from '../stream/index.ts'
import { insertMany } from '../write/index.ts'
import type { PoolEvent } from './events.ts'
import type { Leak } from './lending.ts'
import type { Pool } from './pool.ts'
import { startTestServer, until } from './testing/server.ts'
import type { TestServer } from './testing/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(async () => await server.stop())

/** `file:line` of who calls. */
function here(): string {
  return /([^/\s(]+\.ts:\d+):\d+\)?$/.exec(new Error().stack!.split('\n')[2]!)![1]!
}

/** Holds a connection until it has been named, and says how. */
async function nameOf(pool: Pool, hold: (until: Promise<unknown>) => Promise<string>): Promise<[string, string]> {
  const told = once(pool, 'leak') as Promise<[Leak]>
  const line = await hold(told)
  const [leak] = await told
  return [leak.site.replace(/^.*\//, '').replace(/:\d+$/, ''), line]
}

async function* linesUntil(end: Promise<unknown>): AsyncGenerator<string> {
  yield 'x\n'
  await end
}

async function* listed(lines: AsyncIterable<string>): AsyncGenerator<string[]> {
  for await (const line of lines) yield [line.trim()]
}

type Read = [AsyncIterator<unknown>, string]
type Written = [Promise<unknown>, string]

describe('a connection that is out for too long', () => {
  it('is named by the line that took it, whichever way', async () => {
    await server.withPool({ leakAfterMs: 30 }, async pool => {
      const ways = [
        async (until: Promise<unknown>) => {
          const [client, line] = [await pool.connect(), here()]
          await until
          client.release()
          return line
        },
        async (until: Promise<unknown>) => {
          const [, line] = [await pool.withClient(async () => await until), here()]
          return line
        },
        async (until: Promise<unknown>) => {
          const [, line] = [await pool.tx(async () => await until), here()]
          return line
        },
      ]
      for (const way of ways) {
        const [site, line] = await nameOf(pool, way)
        expect(site).toBe(line)
      }
      expect(pool.stats()).toMatchObject({ leaks: 3, inUse: 0 })
    })
  })

  it('is named by the line that asked for a stream or a COPY, which takes it later', async () => {
    await server.withPool({ leakAfterMs: 30 }, async pool => {
      await server.look('create table lines (line text)')
      const long = `select repeat('x', 1000) as line from generate_series(1, 20000)`
      const copyLong = `copy (${long}) to stdout`
      const target = { table: 'lines', columns: ['line'] }
      const readers = [
        (): Read => [streamRows(pool, long), here()],
        (): Read => [new RowBatches(pool, long), here()],
        (): Read => [copyRowsOut(pool, long), here()],
        (): Read => [ndjsonStream(pool, long)[Symbol.asyncIterator](), here()],
        (): Read => [csvStream(pool, long)[Symbol.asyncIterator](), here()],
        (): Read => [copyOut(pool, copyLong)[Symbol.asyncIterator](), here()],
      ].map(read => async (until: Promise<unknown>) => {
        const [rows, line] = read()
        await rows.next()
        await until
        await rows.return!()
        return line
      })
      const writers = [
        (rows: AsyncIterable<string>): Written => [copyIn(pool, 'copy lines from stdin', rows), here()],
        (rows: AsyncIterable<string>): Written => [copyRowsIn(pool, target, listed(rows)), here()],
      ].map(write => async (until: Promise<unknown>) => {
        const [written, line] = write(linesUntil(until))
        await written
        return line
      })
      const insert = async (until: Promise<unknown>) => {
        await server.look('begin; lock table lines')
        const [written, line] = [insertMany(pool, target, [{ line: 'x' }], { copyFrom: 1 }), here()]
        await until
        await server.look('commit')
        await written
        return line
      }
      for (const way of [...readers, ...writers, insert]) {
        const [site, line] = await nameOf(pool, way)
        expect(site).toBe(line)
      }
      await until(() => pool.stats().inUse === 0)
    })
  })

  it('is told once to who listens on the channel, and keeps size advice waiting', async () => {
    const events: PoolEvent[] = []
    const listen = (event: unknown) => events.push(event as PoolEvent)
    subscribe('whetstone:pool', listen)
    await server.withPool({ leakAfterMs: 20, name: 'orders' }, async pool => {
      const client = await pool.connect()
      await once(pool, 'leak')
      expect(pool.advice()).toMatchObject({
        verdict: 'unknown',
        because: 'connections not given back: 1; mend that first',
      })
      client.release()
      const again = await pool.connect()
      await once(pool, 'leak')
      again.release()
      expect(pool.advice().because).not.toContain('not given back')
    })
    unsubscribe('whetstone:pool', listen)
    expect(events).toEqual(
      [1, 2].map(() => ({
        kind: 'leak',
        pool: 'orders',
        site: expect.stringMatching(/leak\.test\.ts:\d+:\d+$/) as string,
        stack: expect.any(Array) as string[],
        heldMs: expect.any(Number) as number,
      })),
    )
  })
})

describe('what submits itself', () => {
  it('runs on a lent connection and through the pool', async () => {
    await server.withPool({ max: 1 }, async pool => {
      const rows = await pool.withClient(
        async client =>
          await new Promise<unknown[]>((resolve, reject) => {
            const seen: unknown[] = []
            client
              .query(new pg.Query('select generate_series(1, 3) as n'))
              .on('row', (row: unknown) => seen.push(row))
              .on('end', () => resolve(seen))
              .on('error', reject)
          }),
      )
      expect(rows).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
      const answer = await (pool.query(new pg.Query('select 4 as n')) as unknown as Promise<pg.QueryResult>)
      expect(answer.rows).toEqual([{ n: 4 }])
      await expect(pool.query(undefined as unknown as string)).rejects.toThrow(TypeError)
      expect((await pool.query('select 5 as n')).rows).toEqual([{ n: 5 }])
      expect(pool.stats().inUse).toBe(0)
    })
  })
})

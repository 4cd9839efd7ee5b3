import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { once } from 'node:events'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import pg from 'pg'
import { startPostgres } from '@whetstone/sandbox'
import { Context } from '../../context.ts'
import type { PoolEvent } from './events.ts'
import { Pool } from './pool.ts'
import type { PooledClient } from './pool.ts'
import type { Session } from './session.ts'
import { startTestServer, until } from './testing/server.ts'
import type { TestServer } from './testing/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(async () => await server.stop())

/** A door before the server that can be shut: connections through it are cut, new ones refused. */
async function door(
  to: number,
): Promise<{ readonly port: number; shut(): void; open(): Promise<void>; close(): void }> {
  const sockets = new Set<Socket>()
  const proxy = createServer(inside => {
    const outside = connect(to, '127.0.0.1')
    for (const [one, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
    }
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const { port } = proxy.address() as AddressInfo
  const shut = (): void => {
    proxy.close()
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    port,
    shut,
    async open() {
      proxy.listen(port, '127.0.0.1')
      await once(proxy, 'listening')
    },
    close: shut,
  }
}

describe('a pool survives', () => {
  it('the end of its backends, idle and at work', async () => {
    await server.withPool({ max: 4, application_name: 'ended' }, async pool => {
      const events: PoolEvent[] = []
      const listen = (event: unknown) => events.push(event as PoolEvent)
      subscribe('whetstone:pool', listen)
      const clients = await Promise.all([1, 2, 3].map(async () => await pool.connect()))
      for (const client of clients) client.release()
      const working = pool.query('select pg_sleep(600)')
      await until(async () => (await server.sleeping('ended')) === 1)
      const ended = expect(working).rejects.toMatchObject({ code: '57P01' })
      await server.look(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ended'`)
      await ended
      await until(() => pool.stats().lost === 2)
      unsubscribe('whetstone:pool', listen)
      expect(events.filter(event => event.kind === 'lost')).toHaveLength(2)
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, n) => (await pool.query('select $1::int as n', [n])).rows),
      )
      expect(answers).toEqual(Array.from({ length: 20 }, (_, n) => [{ n }]))
    })
  })

  it('a transaction whose backend is ended', async () => {
    await server.withPool({ max: 1, application_name: 'tx-ended' }, async pool => {
      const cut = pool.tx(async client => {
        await client.query('select 1')
        await server.look(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tx-ended'`)
        await client.query('select 2')
      })
      await expect(cut).rejects.toMatchObject({ code: '57P01' })
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      expect(pool.stats()).toMatchObject({ inUse: 0, size: 1 })
    })
  })

  it('a transaction that does nothing for longer than it may, and says so to every later statement', async () => {
    await server.withPool({ max: 1, idleInTransactionTimeoutMs: 20 }, async pool => {
      const isLost = async (client: PooledClient) => await until(() => !(client as unknown as Session).isSound)
      const ended = { code: '25P03' }
      const work = async (client: PooledClient) => {
        await isLost(client)
        await expect(client.query('select 1')).rejects.toMatchObject(ended)
        await expect(client.query('select $1::int', [1])).rejects.toMatchObject(ended)
        const rows = new Promise((resolve, reject) => {
          client.query(new pg.Query('select 1')).on('end', resolve).on('error', reject)
        })
        await expect(rows).rejects.toMatchObject(ended)
      }
      // Its commit is refused with the same, though the function did not pass the error on.
      await expect(pool.tx(work)).rejects.toMatchObject(ended)
      await expect(pool.tx(isLost)).rejects.toMatchObject(ended)
      await pool.withClient(async client => {
        await client.query('begin')
        await work(client)
      })
      const client = await pool.connect()
      await client.query('begin')
      await work(client)
      client.release()
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      expect(pool.stats()).toMatchObject({ inUse: 0, size: 1, opened: 5 })
    })
  })

  it('a server that goes away and comes back', async () => {
    const before = await door(server.postgres.port)
    const url = new URL(server.postgres.url)
    url.port = String(before.port)
    await server.withPool({ connectionString: url.href, max: 3 }, async pool => {
      await Promise.all([1, 2, 3].map(async () => await pool.query('select pg_sleep(0.01)')))
      before.shut()
      await until(() => pool.stats().size === 0)
      const failed = await Promise.allSettled([1, 2, 3, 4, 5].map(async () => await pool.query('select 1')))
      expect(failed.map(one => one.status === 'rejected' && (one.reason as { code: string }).code)).toEqual(
        Array.from({ length: 5 }, () => 'ECONNREFUSED'),
      )
      expect(pool.stats()).toMatchObject({ size: 0, waiting: 0, inUse: 0 })
      await before.open()
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    })
    before.close()
  })

  it('a server without room: who waits gets the next connection that comes back', async () => {
    const small = await startPostgres({
      settings: {
        max_connections: '8',
        superuser_reserved_connections: '0',
        reserved_connections: '0',
        max_wal_senders: '0',
      },
    })
    const pool = new Pool({ connectionString: small.url, max: 20, acquireTimeoutMs: 60_000 })
    try {
      const answers = await Promise.all(
        Array.from(
          { length: 40 },
          async (_, n) => (await pool.query('select $1::int as n, pg_sleep(0.005)', [n])).rows[0]!['n'] as number,
        ),
      )
      expect(answers).toEqual(Array.from({ length: 40 }, (_, n) => n))
      expect(pool.stats().openFailures).toBeGreaterThan(0)
    } finally {
      await pool.end()
      await small.stop()
    }
  })
})

describe('a cancelled caller', () => {
  it('takes none of the others with it', async () => {
    await server.withPool({ max: 2 }, async pool => {
      const contexts = Array.from({ length: 40 }, () => new Context())
      const answers = contexts.map(
        async (context, n) => await pool.query('select $1::int as n, pg_sleep(0.01)', [n], context),
      )
      // Some are running by then, most wait.
      for (const [n, context] of contexts.entries()) if (n % 2 === 0) context.cancel(new Error(`left ${n}`))
      const settled = await Promise.allSettled(answers)
      for (const [n, one] of settled.entries()) {
        if (n % 2 === 0) expect(one).toMatchObject({ status: 'rejected', reason: { message: `left ${n}` } })
        else expect(one).toMatchObject({ status: 'fulfilled', value: { rows: [{ n }] } })
      }
      await until(() => pool.stats().inUse === 0)
      expect(pool.stats().waiting).toBe(0)
    })
  })

  it('who waits on a lent connection leaves it as it is', async () => {
    await server.withPool({ max: 1 }, async pool => {
      await pool.withClient(async client => {
        const context = new Context()
        const first = client.query('select pg_sleep(0.05)')
        const second = client.query('select 2 as two', [], context)
        context.cancel(new Error('left'))
        await expect(second).rejects.toThrow('left')
        await first
        expect((await client.query('select 3 as three')).rows).toEqual([{ three: 3 }])
      })
      expect(pool.stats()).toMatchObject({ cancelled: 0, opened: 1 })
    })
  })

  it('leaves what comes next on his connection alone, however late the cancelling', async () => {
    await server.withPool({ max: 1 }, async pool => {
      const broken: unknown[] = []
      for (let round = 0; round < 300; round++) {
        await pool.withClient(async client => {
          const hasty = new Context()
          const first = client.query('select pg_sleep($1)', [0.002], hasty)
          const next = client.query('select pg_sleep(0.002)')
          setTimeout(() => hasty.cancel(), 1 + (round % 4))
          await first.catch(() => undefined)
          await next.catch((error: unknown) => broken.push(error))
        })
      }
      expect(broken).toEqual([])
    })
  })

  it('gives its reason though the context was cancelled before', async () => {
    await server.withPool({}, async pool => {
      const context = new Context()
      context.cancel()
      await expect(pool.query('select 1', [], context)).rejects.toMatchObject({ code: 'FAULT_CANCELLED' })
      await expect(pool.withClient(async () => 1, context)).rejects.toMatchObject({ code: 'FAULT_CANCELLED' })
      expect(pool.stats().acquisitions).toBe(0)
    })
  })
})

describe('the end of a pool', () => {
  it('refuses who waits, lets who works finish, and comes once', async () => {
    const pool = new Pool({ connectionString: server.postgres.url, max: 1 })
    const client = await pool.connect()
    const waiting = pool.query('select 1')
    const refused = expect(waiting).rejects.toMatchObject({ code: 'FAULT_POOL_ENDED' })
    const over = Promise.all([pool.end(), pool.end()])
    await refused
    await expect(pool.query('select 1')).rejects.toMatchObject({ code: 'FAULT_POOL_ENDED', retryable: true })
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    client.release()
    await over
    expect([pool.ending, pool.ended, pool.totalCount]).toEqual([true, true, 0])
    expect(() => client.release()).toThrow('twice')
  })

  it('does not wait for a server that no longer answers', async () => {
    const pool = new Pool({ connectionString: server.postgres.url, endTimeoutMs: 20 })
    const { rows } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid')
    process.kill(rows[0]!.pid, 'SIGSTOP')
    try {
      await pool.end()
      expect(pool.ended).toBe(true)
    } finally {
      process.kill(rows[0]!.pid, 'SIGCONT')
    }
  })

  it('cuts what does not come back', async () => {
    const pool = new Pool({ connectionString: server.postgres.url, endTimeoutMs: 20 })
    const client = await pool.connect()
    await pool.end()
    await expect(client.query('select 1')).rejects.toThrow()
  })
})

describe('connections', () => {
  it('are closed when idle, down to the least, and replaced when old', async () => {
    await server.withPool({ max: 3, min: 1, idleTimeoutMs: 20 }, async pool => {
      await Promise.all([1, 2, 3].map(async () => await pool.query('select pg_sleep(0.02)')))
      await until(() => pool.totalCount === 1)
    })
    await server.withPool({ max: 1, lifetimeMs: 20, random: () => 0 }, async pool => {
      await pool.query('select 1')
      await until(() => pool.totalCount === 0)
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      expect(pool.stats().opened).toBe(2)
    })
  })
})

import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Context } from '../../context.ts'
import { startTestServer, until } from './testing/server.ts'
import type { TestServer } from './testing/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(async () => await server.stop())

describe('a pool', () => {
  it('answers statements, by promise and by callback, and counts them', async () => {
    await server.withPool({ max: 2 }, async pool => {
      expect((await pool.query<{ sum: number }>('select $1::int + 1 as sum', [41])).rows).toEqual([{ sum: 42 }])
      expect((await pool.query({ text: 'select 1 as one', rowMode: 'array' })).rows).toEqual([[1]])
      const rows = await new Promise(resolve => pool.query('select 2 as two', (_, result) => resolve(result.rows)))
      expect(rows).toEqual([{ two: 2 }])
      expect(pool.stats()).toMatchObject({ acquisitions: 3, opened: 1, size: 1, idle: 1, inUse: 0, isPooled: false })
    })
  })

  it('sets its limits on every session', async () => {
    await server.withPool({ statementTimeoutMs: 1234, idleInTransactionTimeoutMs: 4321 }, async pool => {
      const { rows } = await pool.query(
        `select current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle`,
      )
      expect(rows).toEqual([{ statement: '1234ms', idle: '4321ms' }])
      await expect(pool.query('select pg_sleep(60)')).rejects.toMatchObject({ code: '57014' })
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      expect(pool.stats().opened).toBe(1)
    })
  })

  it('serves who waited within its own asynchronous context, not that of who gave back', async () => {
    const request = new AsyncLocalStorage<string>()
    await server.withPool({ max: 1 }, async pool => {
      const client = await request.run('first', () => pool.connect())
      const seen = request.run(
        'second',
        () =>
          new Promise(resolve =>
            pool.connect((_, _lent, release) => {
              release()
              resolve(request.getStore())
            }),
          ),
      )
      request.run('first', () => client.release())
      expect(await seen).toBe('second')
    })
  })

  it('tells of every loan within the request that asked for it', async () => {
    const request = new AsyncLocalStorage<string>()
    const told: unknown[] = []
    const listen = (event: unknown) => {
      const { kind, waitedMs } = event as { readonly kind: string; readonly waitedMs?: number }
      // The answer that ends a loan comes within whatever opened the connection.
      if (kind === 'returned') told.push([kind])
      else told.push([kind, request.getStore(), ...(waitedMs === undefined ? [] : [waitedMs > 0])])
    }
    subscribe('whetstone:pool-loan', listen)
    try {
      await server.withPool({ max: 1, maxWaiting: 1 }, async pool => {
        const client = await request.run('first', () => pool.connect())
        const waiting = request.run('second', () => pool.query('select 1'))
        await expect(request.run('third', () => pool.query('select 1'))).rejects.toMatchObject({
          code: 'FAULT_POOL_FULL',
        })
        request.run('first', () => client.release())
        await waiting
      })
    } finally {
      unsubscribe('whetstone:pool-loan', listen)
    }
    expect(told).toEqual([
      ['made', undefined],
      ['lent', 'first', false],
      ['taken', 'first'],
      ['refused', 'third', false],
      ['returned'],
      ['lent', 'second', true],
      ['returned'],
    ])
  })

  it('refuses at once when its queue is full, and recovers', async () => {
    await server.withPool({ max: 1, maxWaiting: 2, name: 'orders' }, async pool => {
      const client = await pool.connect()
      const waiting = [pool.query('select 1 as n'), pool.query('select 2 as n')]
      await expect(pool.query('select 3')).rejects.toMatchObject({
        code: 'FAULT_POOL_FULL',
        retryable: true,
        message: 'orders is full: 1 of 1 connections in use, 2 callers waiting (at most 2)',
      })
      client.release()
      expect((await Promise.all(waiting)).map(({ rows }) => rows)).toEqual([[{ n: 1 }], [{ n: 2 }]])
      expect(pool.stats()).toMatchObject({ shed: 1, waits: 2, waiting: 0, inUse: 0, idle: 1 })
    })
  })

  it('that refused callers advises more connections, with what it measured', async () => {
    await server.withPool({ max: 2, maxWaiting: 3 }, async pool => {
      const asked = Array.from({ length: 10 }, async () => await pool.query('select pg_sleep(0.1)'))
      const refused = (await Promise.allSettled(asked)).filter(({ status }) => status === 'rejected')
      expect(refused).toHaveLength(5)
      const { verdict, max, because, measured } = pool.advice()
      expect({ verdict, max }).toEqual({
        verdict: 'too-small',
        max: expect.toSatisfy(n => n === 3 || n === 4) as number,
      })
      expect(because).toContain('5 were refused')
      expect(measured).toMatchObject({ max: 2, acquisitions: 5, waits: 3, peakInUse: 2, shed: 5 })
      // Little's law: those who held one and those who waited.
      expect(measured.demand).toBeCloseTo(measured.meanInUse + measured.meanWaiting)
      expect(measured.meanHeldMs).toBeGreaterThan(95)
    })
  })

  it('ends a wait after the acquire timeout, with the figures', async () => {
    await server.withPool({ max: 1, acquireTimeoutMs: 50 }, async pool => {
      // The first connection may take longer than that, and then waits idle for the next caller.
      await until(async () => (await pool.query('select 1').catch(() => undefined)) !== undefined)
      const before = pool.stats().timeouts
      const client = await pool.connect()
      await expect(pool.query('select 1')).rejects.toMatchObject({
        code: 'FAULT_POOL_TIMEOUT',
        retryable: true,
        message: expect.stringMatching(
          /^pool had no connection within 50 ms: 1 of 1 in use, the longest for \d+ ms, 0 more callers waiting$/,
        ) as string,
      })
      client.release()
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      expect(pool.stats()).toMatchObject({ timeouts: before + 1, waiting: 0, inUse: 0 })
    })
  })

  it('counts those who waited in vain, who waited for longest, and says so in its advice', async () => {
    await server.withPool({ max: 1, acquireTimeoutMs: 50, leakAfterMs: 0 }, async pool => {
      // As above: what happened before the first connection was there is not counted here.
      await until(async () => (await pool.query('select 1').catch(() => undefined)) !== undefined)
      const before = pool.stats()
      const client = await pool.connect()
      const asked = Array.from({ length: 20 }, async () => await pool.query('select 1'))
      const answers = await Promise.allSettled(asked)
      expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(20)
      client.release()
      const { waits, waitMs, timeouts } = pool.stats()
      expect({ waits, timeouts }).toEqual({ waits: before.waits + 20, timeouts: before.timeouts + 20 })
      expect(Math.min(waitMs.p95, waitMs.longest)).toBeGreaterThan(40)
      const { verdict, because, measured } = pool.advice()
      expect(verdict).toBe('too-small')
      expect(because).toContain(`; ${timeouts} were refused; `)
      expect(because.startsWith(`${waits} of ${measured.acquisitions + measured.waitedInVain} callers in `)).toBe(true)
      expect(measured.waitP95Ms).toBe(waitMs.p95)
    })
  })

  it('ends a cancelled statement on the server and uses the connection again', async () => {
    await server.withPool({ max: 1, application_name: 'cancelled' }, async pool => {
      const context = new Context()
      const slow = pool.query('select pg_sleep(600)', undefined, context)
      await until(async () => (await server.sleeping('cancelled')) === 1)
      context.cancel(new Error('the browser left'))
      await expect(slow).rejects.toThrow('the browser left')
      await until(async () => (await server.sleeping('cancelled')) === 0)
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      expect(pool.stats()).toMatchObject({ cancelled: 1, opened: 1 })
    })
  })

  it('ends a statement on the server at the deadline', async () => {
    await server.withPool({ max: 1, application_name: 'late' }, async pool => {
      await pool.query('select 1')
      const slow = pool.query('select pg_sleep(600)', undefined, new Context(performance.now() + 100))
      await expect(slow).rejects.toMatchObject({ code: 'FAULT_DEADLINE', retryable: false })
      await until(async () => (await server.sleeping('late')) === 0)
      await expect(pool.query('select 1', undefined, new Context(performance.now() - 1))).rejects.toMatchObject({
        code: 'FAULT_DEADLINE',
        retryable: true,
      })
    })
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Context } from '../../context.ts'
import { startTestServer, until } from './testing/server.ts'
import type { TestServer } from './testing/server.ts'
import { beginText } from './transaction.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.look('create table account (id int primary key, balance int not null)')
  await server.look('insert into account values (1, 100), (2, 100)')
})
afterAll(async () => await server.stop())

const balances = async () =>
  (await server.look<{ balance: number }>('select balance from account order by id')).map(row => row.balance)

describe('a transaction', () => {
  it('is committed when its function resolves and rolled back when it rejects', async () => {
    await server.withPool({ max: 1 }, async pool => {
      const answer = await pool.tx(async client => {
        await client.query('update account set balance = balance - 10 where id = $1', [1])
        await client.query('update account set balance = balance + 10 where id = $1', [2])
        return 'moved'
      })
      expect(answer).toBe('moved')
      expect(await balances()).toEqual([90, 110])
      const failing = pool.tx(async client => {
        await client.query('update account set balance = 0')
        throw new Error('no')
      })
      await expect(failing).rejects.toThrow('no')
      expect(await balances()).toEqual([90, 110])
      expect(pool.stats()).toMatchObject({ opened: 1, inUse: 0 })
    })
  })

  it('is run in the isolation asked for, read only if so', async () => {
    await server.withPool({}, async pool => {
      const rows = await pool.tx(
        async client =>
          (
            await client.query(
              `select current_setting('transaction_isolation') i, current_setting('transaction_read_only') r`,
            )
          ).rows,
        { isolation: 'serializable', readOnly: true },
      )
      expect(rows).toEqual([{ i: 'serializable', r: 'on' }])
      const writing = pool.tx(async client => await client.query('update account set balance = 0'), { readOnly: true })
      await expect(writing).rejects.toMatchObject({ code: '25006' })
    })
  })

  it('is run again after a serialization failure, as often as allowed', async () => {
    await server.withPool({ max: 2, random: () => 0 }, async pool => {
      let attempts = 0
      const total = await pool.tx(
        async client => {
          const { rows } = await client.query<{ sum: number }>('select sum(balance)::int as sum from account')
          // Somebody else changes what was read, at the first two attempts.
          if (++attempts <= 2) await pool.query('update account set balance = balance + 1 where id = 1')
          await client.query('update account set balance = $1 where id = 1', [attempts])
          return rows[0]!.sum
        },
        { isolation: 'repeatable read', retry: 2 },
      )
      expect(attempts).toBe(3)
      expect(total).toBe(202)
      expect((await balances())[0]).toBe(3)
      let again = 0
      const hopeless = pool.tx(
        async client => {
          again++
          await client.query('select * from account')
          await pool.query('update account set balance = balance + 1 where id = 1')
          await client.query('update account set balance = 0 where id = 1')
        },
        { isolation: 'repeatable read', retry: 1 },
      )
      await expect(hopeless).rejects.toMatchObject({ code: '40001' })
      expect(again).toBe(2)
    })
  })

  it('is run again when it was chosen to end a deadlock', async () => {
    await server.look('update account set balance = 0')
    await server.withPool({ max: 2, random: () => 0 }, async pool => {
      const arrived: (() => void)[] = []
      /** Both hold their first row before either asks for its second; who comes alone later need not wait. */
      let met = 0
      const meet = async () => {
        if (++met > 2) return
        if (met === 2) for (const go of arrived) go()
        else await new Promise<void>(resolve => arrived.push(resolve))
      }
      const add = async (first: number, second: number) =>
        await pool.tx(
          async client => {
            await client.query('update account set balance = balance + 1 where id = $1', [first])
            await meet()
            await client.query('update account set balance = balance + 1 where id = $1', [second])
          },
          { retry: 3 },
        )
      await Promise.all([add(1, 2), add(2, 1)])
      expect(met).toBeGreaterThan(2)
      expect(await balances()).toEqual([2, 2])
    })
  })

  it('that ate the error of a statement says that nothing was committed', async () => {
    await server.withPool({}, async pool => {
      const eating = pool.tx(async client => await client.query('select 1 / 0').catch(() => 'eaten'))
      await expect(eating).rejects.toMatchObject({ code: 'FAULT_TX_ABORTED', retryable: false })
    })
  })

  it('has its running statement cancelled with it, is rolled back, and leaves a usable connection', async () => {
    await server.withPool({ max: 1, application_name: 'tx-cancelled' }, async pool => {
      const context = new Context()
      const slow = pool.tx(
        async client => {
          await client.query('update account set balance = 77')
          await client.query('select pg_sleep(600)')
        },
        { ctx: context },
      )
      await until(async () => (await server.sleeping('tx-cancelled')) === 1)
      context.cancel(new Error('left'))
      await expect(slow).rejects.toThrow('left')
      await until(async () => (await server.sleeping('tx-cancelled')) === 0)
      expect(await balances()).not.toContain(77)
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      expect(pool.stats()).toMatchObject({ cancelled: 1, opened: 1, inUse: 0 })
    })
  })

  it('tells its deadline to the server, and is not begun after it', async () => {
    await server.withPool({ statementTimeoutMs: 30_000 }, async pool => {
      const ctx = new Context(performance.now() + 20_000)
      const rows = await pool.tx(
        async client =>
          (
            await client.query<{ ms: number }>(
              `select setting::int as ms from pg_settings where name = 'statement_timeout'`,
            )
          ).rows,
        { ctx },
      )
      expect(rows[0]!.ms).toBeGreaterThan(1_000)
      expect(rows[0]!.ms).toBeLessThanOrEqual(20_000)
      await expect(pool.tx(async () => 1, { ctx: new Context(0) })).rejects.toMatchObject({
        code: 'FAULT_DEADLINE',
        retryable: true,
      })
    })
  })

  it('forgotten open by who borrowed the connection is rolled back before the next one gets it', async () => {
    await server.withPool({ max: 1 }, async pool => {
      const client = await pool.connect()
      await client.query('begin')
      await client.query('update account set balance = 5')
      client.release()
      const { rows } = await pool.query('select pg_current_xact_id_if_assigned() as xid')
      expect(rows).toEqual([{ xid: null }])
      expect(await balances()).not.toContain(5)
      expect(pool.stats().opened).toBe(1)
    })
  })
})

describe('the beginning', () => {
  const settings = { statementTimeoutMs: 30_000, idleInTransactionTimeoutMs: 10_000, isPooled: false, random: () => 0 }

  it('is one message that says what differs from the session', () => {
    expect(beginText({}, settings, 0)).toBe('BEGIN')
    expect(beginText({ isolation: 'serializable', readOnly: true }, settings, 0)).toBe(
      'BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY',
    )
    expect(beginText({ ctx: new Context(1_500.2) }, settings, 1_000)).toBe('BEGIN; SET LOCAL statement_timeout = 501')
    expect(beginText({ ctx: new Context(90_000) }, settings, 0)).toBe('BEGIN')
  })

  it('carries the limits that a session behind a pooler has not', () => {
    expect(beginText({}, { ...settings, isPooled: true }, 0)).toBe(
      'BEGIN; SET LOCAL statement_timeout = 30000; SET LOCAL idle_in_transaction_session_timeout = 10000',
    )
    const unlimited = { ...settings, statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0, isPooled: true }
    expect(beginText({}, unlimited, 0)).toBe('BEGIN')
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import pg from 'pg'
import { startPgbouncer } from '@whetstone/sandbox'
import type { PgbouncerOptions, PgbouncerServer } from '@whetstone/sandbox'
import { startTestServer, until } from './testing/server.ts'
import type { TestServer } from './testing/server.ts'

let server: TestServer
let started: PgbouncerServer[] = []
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(async () => {
  for (const one of started) await one.stop()
  await server.stop()
})

async function bouncer(options: Omit<PgbouncerOptions, 'databaseUrl'> = {}): Promise<PgbouncerServer | string> {
  const one = await startPgbouncer({ databaseUrl: server.postgres.url, poolSize: 4, ...options })
  if (one.kind !== 'pgbouncer') return one.reason
  started = [...started, one]
  return one
}

/** Two hundred at a time, each of three texts many times over. */
async function storm(query: (text: string, values: unknown[]) => Promise<{ rows: { n: number }[] }>): Promise<number> {
  const answers = await Promise.allSettled(
    Array.from({ length: 200 }, async (_, index) => {
      const { rows } = await query(`select $1::int + ${index % 3} as n`, [index])
      return rows[0]!.n === index + (index % 3)
    }),
  )
  return answers.filter(answer => answer.status === 'rejected' || !answer.value).length
}

describe('behind a PgBouncer that gives every transaction another connection', { timeout: 400_000 }, () => {
  it('200 concurrent queries, of which named ones would fail, all succeed', async context => {
    const one = await bouncer()
    if (typeof one === 'string') return context.skip(`not run: ${one}`)
    // What happens to who names his statements there.
    const plain = new pg.Pool({ connectionString: one.url, max: 20 })
    plain.on('error', () => undefined)
    const failed = await storm(async (text, values) => await plain.query({ name: `by hand ${text}`, text, values }))
    await plain.end()
    if (Number(/1\.(\d+)/.exec(one.version)?.[1]) < 21) expect(failed).toBeGreaterThan(0)

    await server.withPool({ connectionString: one.url, max: 20 }, async pool => {
      const counts = []
      for (let round = 0; round < 3; round++)
        counts.push(await storm(async (text, values) => await pool.query(text, values)))
      expect(counts).toEqual([0, 0, 0])
      expect(pool.stats()).toMatchObject({
        isPooled: true,
        openFailures: 0,
        prepare: { mode: 'auto', on: false, because: expect.stringContaining('a pooler stands between') as string },
      })
    })
  })

  it('transactions keep their limits, and a statement that takes too long is ended on the server', async context => {
    const one = await bouncer({ poolSize: 2 })
    if (typeof one === 'string') return context.skip(`not run: ${one}`)
    await server.withPool({ connectionString: one.url, statementTimeoutMs: 1_500 }, async pool => {
      const rows = await pool.tx(
        async client => (await client.query(`select current_setting('statement_timeout') as ms`)).rows as unknown[],
      )
      expect(rows).toEqual([{ ms: '1500ms' }])
      await expect(pool.query('select pg_sleep(600)')).rejects.toMatchObject({ code: '57014' })
      const sleeping = `select 1 from pg_stat_activity where query = 'select pg_sleep(600)' and state = 'active'`
      await until(async () => (await server.look(sleeping)).length === 0)
      expect((await pool.query('select current_setting($1) as ms', ['statement_timeout'])).rows).toEqual([{ ms: '0' }])
    })
  })

  it('whose settings let the limits through is recognised all the same', async context => {
    const one = await bouncer({
      settings: { ignore_startup_parameters: 'statement_timeout,idle_in_transaction_session_timeout' },
    })
    if (typeof one === 'string') return context.skip(`not run: ${one}`)
    await server.withPool({ connectionString: one.url, max: 20 }, async pool => {
      expect(await storm(async (text, values) => await pool.query(text, values))).toBe(0)
      expect(pool.stats()).toMatchObject({ isPooled: true, prepare: { on: false } })
    })
  })
})

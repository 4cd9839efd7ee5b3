/** What tests of the pool have in common: a real server, an onlooker at what it does, and waiting that ends. */
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { startPostgres } from '@whetstone/sandbox'
import type { PostgresServer } from '@whetstone/sandbox'
import type { PoolOptions } from '../options.ts'
import { Pool } from '../pool.ts'

export interface TestServer {
  readonly postgres: PostgresServer
  /** Runs with a pool of its own, and ends it however that went. */
  withPool<T>(options: PoolOptions, use: (pool: Pool) => Promise<T>): Promise<T>
  /** Asks over a connection that belongs to no pool. */
  look<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>
  /** How many sessions of that application name are within `pg_sleep` at this moment: past what they ran before it. */
  sleeping(applicationName: string): Promise<number>
  stop(): Promise<void>
}

export async function startTestServer(settings: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const postgres = await startPostgres({ settings })
  const onlooker = new pg.Client({ connectionString: postgres.url })
  onlooker.on('error', () => undefined)
  await onlooker.connect()
  const look = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> =>
    (await onlooker.query<Row>(text, values)).rows
  return {
    postgres,
    look,
    async withPool(options, use) {
      // On a busy machine a connection may take seconds; only tests about waiting are about that.
      const patience = { acquireTimeoutMs: 30_000, connectTimeoutMs: 30_000, endTimeoutMs: 2_000 }
      const pool = new Pool({ connectionString: postgres.url, ...patience, ...options })
      try {
        return await use(pool)
      } finally {
        await pool.end()
      }
    },
    async sleeping(applicationName) {
      const [row] = await look<{ n: number }>(
        `select count(*)::int as n from pg_stat_activity where application_name = $1 and wait_event = 'PgSleep'`,
        [applicationName],
      )
      return row!.n
    },
    async stop() {
      await onlooker.end()
      await postgres.stop()
    },
  }
}

/** Polls until the condition holds; rejects after 20 s. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const endMs = performance.now() + 20_000
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error('did not come true within 20 s')
    await delay(5)
  }
}

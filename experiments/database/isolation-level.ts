/** Points added by reading, adding in code and writing back, against one UPDATE that adds, and against SERIALIZABLE with a retry. */
import type { Pool } from 'pg'
import { defineDrill } from '../define.ts'
import type { ArmContext, ExperimentArm } from '../define.ts'

type Add = (pool: Pool, id: string) => Promise<void>

// The sleep stands for what is computed or asked between reading and writing; it uses no CPU.
const read = 'SELECT n, pg_sleep(0.015)::text FROM counters WHERE id = $1'
const write = 'UPDATE counters SET n = $1 WHERE id = $2'

const readModifyWrite: Add = async (pool, id) => {
  const { rows } = await pool.query<{ n: string }>(read, [id])
  await pool.query(write, [Number(rows[0]!.n) + 1, id])
}

const inOneStatement: Add = async (pool, id) => {
  await pool.query('UPDATE counters SET n = n + 1 WHERE id = $1', [id])
}

/** As `tx(work, { isolation: 'serializable', retry })` of the runtime does it. */
const serializable: Add = async (pool, id) => {
  for (let attempt = 1; ; attempt++) {
    const client = await pool.connect()
    try {
      await client.query('BEGIN ISOLATION LEVEL SERIALIZABLE')
      const { rows } = await client.query<{ n: string }>(read, [id])
      await client.query(write, [Number(rows[0]!.n) + 1, id])
      await client.query('COMMIT')
      return
    } catch (error) {
      await client.query('ROLLBACK')
      if (attempt === 30 || !['40001', '40P01'].includes((error as { code: string }).code)) throw error
    } finally {
      client.release()
    }
  }
}

const adding =
  (points: Add, visits: Add): ExperimentArm['app'] =>
  (server, { pg, connectionString }: ArmContext) => {
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 10_000 })
    server.post<{ Params: { id: string } }>('/points/:id', async ({ params: { id } }) => {
      await points(pool, id)
      return { id, added: 1 }
    })
    server.post<{ Params: { id: string } }>('/visits/:id', async ({ params: { id } }) => {
      await visits(pool, id)
      return { id, added: 1 }
    })
    server.get('/total', async () => (await pool.query('SELECT sum(n)::text AS total FROM counters')).rows[0].total)
  }

export const experiment = defineDrill({
  practice: 'isolation-level',
  drill: 'lost-updates',
  database: `
    CREATE TABLE counters (id int PRIMARY KEY, n bigint NOT NULL);
    INSERT INTO counters SELECT id, 0 FROM generate_series(1, 5000) id`,
  requests: [
    { route: 'POST /points/:id', paths: Array.from({ length: 20 }, () => '/points/1'), method: 'POST' },
    {
      route: 'POST /visits/:id',
      // Far apart: the server watches what a serializable transaction read by rows, and by pages where rows are many.
      paths: Array.from({ length: 20 }, (_, index) => `/visits/${100 + index * 240}`),
      method: 'POST',
    },
  ],
  load: { ratePerSecond: 40, durationMs: 8_000 },
  before: { app: adding(readModifyWrite, readModifyWrite) },
  after: { app: adding(inOneStatement, serializable) },
  expects: { atLeast: 5 },
})

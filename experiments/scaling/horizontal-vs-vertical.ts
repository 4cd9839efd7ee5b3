/** Two processes that queue for one lock in the database, against two that each lock only their own row. */
import type { ExperimentArm } from '../define.ts'
import { defineDrill, spread } from '../define.ts'

const locking =
  (lock: (id: string) => string): ExperimentArm['app'] =>
  (server, { pg, connectionString }) => {
    const pool = new pg.Pool({ connectionString, max: 2 })
    server.get<{ Params: { id: string } }>('/stock/:id', async request => {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [lock(request.params.id)])
        // The sleep stands for a write that waits for its disk: it holds the lock and uses no CPU.
        await client.query('SELECT pg_sleep(0.02)')
        await client.query('COMMIT')
        return { id: Number(request.params.id) }
      } finally {
        client.release()
      }
    })
  }

export const experiment = defineDrill({
  practice: 'horizontal-vs-vertical',
  drill: 'scaling',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /stock/:id', paths: spread(50_000, id => `/stock/${id}`) }],
  load: { ratePerSecond: 20, durationMs: 8_000 },
  before: { app: locking(() => 'everything') },
  after: { app: locking(id => id) },
  expects: { atLeast: 4 },
})

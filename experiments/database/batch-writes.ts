/** Forty rows inserted one by one, against one statement that takes them as arrays. */
import { defineExperiment } from '../define.ts'
import type { ArmContext } from '../define.ts'

const names = Array.from({ length: 40 }, (_, index) => `item ${index}`)

function poolOf({ pg, connectionString }: ArmContext) {
  return new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
}

export const experiment = defineExperiment({
  practice: 'batch-writes',
  database: 'CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)',
  requests: [{ route: 'POST /items', paths: ['/items'], method: 'POST' }],
  load: { ratePerSecond: 10, durationMs: 8_000 },
  before: {
    app(server, context) {
      const pool = poolOf(context)
      server.post('/items', async () => {
        for (const name of names) await pool.query('INSERT INTO items (name) VALUES ($1)', [name])
        return { written: names.length }
      })
    },
  },
  after: {
    app(server, context) {
      const pool = poolOf(context)
      server.post('/items', async () => {
        await pool.query('INSERT INTO items (name) SELECT * FROM unnest($1::text[])', [names])
        return { written: names.length }
      })
    },
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 3 },
})

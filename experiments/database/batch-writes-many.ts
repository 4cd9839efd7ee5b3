/** An import of 600 rows, one statement each, against one statement for all: what one round trip and one commit save six hundred times. */
import { insertMany, queryableOf } from '@whetstone/runtime/data'
import { defineExperiment } from '../define.ts'
import type { ArmContext } from '../define.ts'

const events = Array.from({ length: 600 }, (_, index) => ({ kind: index % 7, note: `event ${index}` }))
const target = { table: 'events', columns: { kind: 'int', note: 'text' } }

function poolOf({ pg, connectionString }: ArmContext) {
  return new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
}

export const experiment = defineExperiment({
  practice: 'batch-writes',
  database:
    'CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind int NOT NULL, note text NOT NULL)',
  requests: [{ route: 'POST /events', paths: ['/events'], method: 'POST' }],
  durable: true,
  load: { ratePerSecond: 1, durationMs: 10_000 },
  before: {
    app(server, context) {
      const pool = poolOf(context)
      server.post('/events', async () => {
        for (const { kind, note } of events)
          await pool.query('INSERT INTO events (kind, note) VALUES ($1, $2)', [kind, note])
        return { written: events.length }
      })
    },
  },
  after: {
    app(server, context) {
      const db = queryableOf(poolOf(context))
      server.post('/events', async () => ({ written: (await insertMany(db, target, events)).written }))
    },
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 50 },
})

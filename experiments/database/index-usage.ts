/** Five hundred rows inserted into a table with five indexes that nobody reads, against the same table without them. */
import { defineExperiment } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const app: ExperimentArm['app'] = (server, { pg, connectionString }) => {
  const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
  const sql = `INSERT INTO readings (device, kind, source, code, value)
    SELECT hashint4(n), hashint4(n + 1), hashint4(n + 2), md5(n::text), n FROM generate_series(1, 500) n`
  server.post('/readings', async () => ({ written: (await pool.query(sql)).rowCount }))
}

const columns = ['device', 'kind', 'source', 'code', 'value']

export const experiment = defineExperiment({
  practice: 'index-usage',
  // No experiment lasts two weeks, and no table of one is large.
  settings: { countersAgeMs: 0, unusedBytes: 1_000_000 },
  database: `
    CREATE TABLE readings (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, device int NOT NULL, kind int NOT NULL,
      source int NOT NULL, code text NOT NULL, value int NOT NULL);
    INSERT INTO readings (device, kind, source, code, value)
      SELECT hashint4(n), hashint4(n + 1), hashint4(n + 2), md5(n::text), n FROM generate_series(1, 150000) n`,
  requests: [{ route: 'POST /readings', paths: ['/readings'], method: 'POST' }],
  load: { ratePerSecond: 10, durationMs: 8_000 },
  before: { app, schema: columns.map(name => `CREATE INDEX ON readings (${name})`).join(';') },
  after: { app },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 1.5 },
})

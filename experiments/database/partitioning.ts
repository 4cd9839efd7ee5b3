/** The oldest day of a log is removed: by deleting its rows one by one, against dropping its partition. */
import type { Pool } from 'pg'
import { defineExperiment } from '../define.ts'

/** More than are cleared: five a second, while both are looked at and in as many blocks as a trial takes. */
const days = 300
const rowsOfDay = 12_000
const rows = `
  INSERT INTO events SELECT n, date '2024-01-01' + ((n - 1) / ${rowsOfDay})::int, n % 90, repeat('x', 60)
  FROM generate_series(1, ${days * rowsOfDay}) n`

/** The first day that is kept, one further each time. */
async function nextDay(pool: Pool): Promise<string> {
  const { rows: kept } = await pool.query<{ day: string }>('UPDATE kept SET day = day + 1 RETURNING day::text')
  return kept[0]!.day
}

export const experiment = defineExperiment({
  practice: 'partitioning',
  database: `CREATE TABLE kept (day date NOT NULL); INSERT INTO kept VALUES (date '2024-01-01')`,
  requests: [{ route: 'POST /clear', method: 'POST', paths: ['/clear'] }],
  load: { ratePerSecond: 5, durationMs: 8_000 },
  warmed: false,
  // Days as large as in production, and a twentieth of them, so that it takes three minutes.
  productionRows: { events: 20 * days * rowsOfDay },
  before: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.post('/clear', async () => {
        await pool.query('DELETE FROM events WHERE day < $1::date', [await nextDay(pool)])
        return { cleared: 'one day' }
      })
    },
    schema: `
      CREATE TABLE events (
        id int NOT NULL, day date NOT NULL, kind int NOT NULL, note text NOT NULL, PRIMARY KEY (day, id));
      CREATE INDEX events_kind_idx ON events (kind, day); ${rows}`,
  },
  after: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.post('/clear', async () => {
        await pool.query(`DROP TABLE IF EXISTS "events_until_${await nextDay(pool)}"`)
        return { cleared: 'one day' }
      })
    },
    schema: `
      CREATE TABLE events (
        id int NOT NULL, day date NOT NULL, kind int NOT NULL, note text NOT NULL, PRIMARY KEY (day, id))
        PARTITION BY RANGE (day);
      CREATE INDEX events_kind_idx ON events (kind, day);
      DO $$ BEGIN FOR n IN 1 .. ${days} LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
          'events_until_' || (date '2024-01-01' + n), date '2024-01-01' + n - 1, date '2024-01-01' + n);
      END LOOP; END $$; ${rows}`,
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 1.2 },
})

/** Bookings of ten years of which requests ask for the last months, against a table that holds no more than the last year. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const app: ExperimentArm['app'] = (server, { pg, connectionString }) => {
  // One process reads, as on a server whose workers are taken: they would share the pages.
  const options = '-c max_parallel_workers_per_gather=0'
  const pool = new pg.Pool({ connectionString, options, max: 4, connectionTimeoutMillis: 5_000 })
  server.get<{ Params: { day: string } }>('/arrivals/:day', async request => {
    const sql = `SELECT status, count(*)::int AS bookings, sum(nights)::int AS nights, max(length(note)) AS note
      FROM bookings WHERE arrival >= $1::date GROUP BY status ORDER BY status`
    return (await pool.query(sql, [request.params.day])).rows
  })
}

export const experiment = defineExperiment({
  practice: 'data-retention',
  // People book for any day, so that neighbours in the table arrive years apart and an index on it reads every page too.
  // Ten years of them are a little more than the server keeps in memory, as it goes with tables that only grow.
  database: `
    CREATE TABLE bookings (
      id int PRIMARY KEY, arrival date NOT NULL, status int NOT NULL, nights int NOT NULL, note text NOT NULL);
    INSERT INTO bookings
      SELECT n, date '2016-01-01' + ((n * 7919::bigint) % 3650)::int, n % 3, n % 7, repeat('x', 100)
      FROM generate_series(1, 1000000) n;
    CREATE INDEX bookings_arrival_idx ON bookings (arrival)`,
  requests: [
    { route: 'GET /arrivals/:day', paths: spread(30, id => `/arrivals/2025-09-${String(id).padStart(2, '0')}`) },
  ],
  load: { ratePerSecond: 4, durationMs: 8_000 },
  before: { app },
  after: {
    app,
    schema: `
      CREATE TABLE bookings_archive (LIKE bookings);
      WITH old AS (DELETE FROM bookings WHERE arrival < date '2025-01-01' RETURNING *)
      INSERT INTO bookings_archive SELECT * FROM old`,
    maintenance: ['VACUUM (FULL, ANALYZE) bookings'],
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 2 },
})

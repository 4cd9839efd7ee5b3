/** A ranking of 300,000 rows that is sorted through files, against the same ranking with memory for it. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const app: ExperimentArm['app'] = (server, { pg, connectionString }) => {
  const pool = new pg.Pool({ connectionString, max: 2, connectionTimeoutMillis: 5_000 })
  server.get<{ Params: { id: string } }>('/shops/:id/ranking', async request => {
    const sql = `SELECT max(place)::int AS last, sum(place)::text AS sum
      FROM (SELECT rank() OVER (ORDER BY total, id DESC) AS place FROM sales WHERE shop <> $1) AS ranked`
    return (await pool.query(sql, [request.params.id])).rows
  })
}

export const experiment = defineExperiment({
  practice: 'temp-spill',
  database: `
    CREATE TABLE sales (id int PRIMARY KEY, shop int NOT NULL, total int NOT NULL);
    INSERT INTO sales SELECT n, n % 50, (n * 7919::bigint) % 100000 FROM generate_series(1, 300000) n`,
  requests: [{ route: 'GET /shops/:id/ranking', paths: spread(50, id => `/shops/${id}/ranking`) }],
  load: { ratePerSecond: 1, durationMs: 10_000 },
  before: { app },
  after: {
    app,
    schema: `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = %L', current_database(), '64MB'); END $$`,
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 1.1 },
})

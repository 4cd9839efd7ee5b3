/** 300,000 codes that are sorted through files to count the different ones, against the same sort with memory for it. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const app: ExperimentArm['app'] = (server, { pg, connectionString }) => {
  // One process sorts, as on a server whose workers are taken: they would share the rows, and the files.
  const options = '-c max_parallel_workers_per_gather=0'
  const pool = new pg.Pool({ connectionString, options, max: 2, connectionTimeoutMillis: 5_000 })
  server.get<{ Params: { id: string } }>('/without/:id/codes', async request => {
    const sql = 'SELECT count(DISTINCT code)::int AS codes FROM sales WHERE shop <> $1'
    return (await pool.query(sql, [request.params.id])).rows
  })
}

export const experiment = defineExperiment({
  practice: 'temp-spill',
  database: `
    CREATE TABLE sales (id int PRIMARY KEY, shop int NOT NULL, code text NOT NULL);
    INSERT INTO sales SELECT n, n % 50, md5(n::text) FROM generate_series(1, 300000) n`,
  requests: [{ route: 'GET /without/:id/codes', paths: spread(50, id => `/without/${id}/codes`) }],
  load: { ratePerSecond: 2, durationMs: 10_000 },
  before: { app },
  after: {
    app,
    schema: `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = %L', current_database(), '64MB'); END $$`,
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 1.1 },
})

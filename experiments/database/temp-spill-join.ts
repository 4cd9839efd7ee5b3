/** 50,000 sales with what was said of each, joined to their customers in parts that go through files, against the same join in memory. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const app: ExperimentArm['app'] = (server, { pg, connectionString }) => {
  // One process joins, as on a server whose workers are taken: they would share the rows, and the files.
  const options = '-c max_parallel_workers_per_gather=0'
  const pool = new pg.Pool({ connectionString, options, max: 2, connectionTimeoutMillis: 5_000 })
  server.get<{ Params: { id: string } }>('/without/:id/regions', async request => {
    const sql = `SELECT region, count(*)::int AS sales, max(octet_length(note)) AS note
      FROM sales JOIN customers ON customers.id = customer_id WHERE shop <> $1 GROUP BY region ORDER BY region`
    return (await pool.query(sql, [request.params.id])).rows
  })
}

export const experiment = defineExperiment({
  practice: 'temp-spill',
  database: `
    CREATE TABLE customers (id int PRIMARY KEY, region text NOT NULL);
    INSERT INTO customers SELECT n, repeat('region ', 20) || n % 20 FROM generate_series(1, 50000) n;
    CREATE TABLE sales (id int PRIMARY KEY, shop int NOT NULL, customer_id int NOT NULL, note text NOT NULL);
    INSERT INTO sales SELECT n, n % 50, 1 + (n * 7919::bigint) % 50000, repeat('x', 1200) || n
      FROM generate_series(1, 50000) n`,
  requests: [{ route: 'GET /without/:id/regions', paths: spread(50, id => `/without/${id}/regions`) }],
  load: { ratePerSecond: 2, durationMs: 10_000 },
  before: { app },
  after: {
    app,
    schema: `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = %L', current_database(), '64MB'); END $$`,
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 1.2 },
})

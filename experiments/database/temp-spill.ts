/** The largest sale of each region, for which whole rows are sorted through files, against the same sort in memory: what is written is counted, as files are not always in a cache. */
import { defineDrill, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const app: ExperimentArm['app'] = (server, { pg, connectionString }) => {
  const options = '-c max_parallel_workers_per_gather=0'
  const pool = new pg.Pool({ connectionString, options, max: 2, connectionTimeoutMillis: 5_000 })
  server.get<{ Params: { id: string } }>('/without/:id/largest', async request => {
    const sql = `SELECT DISTINCT ON (region) region, sales.id, cents, note
      FROM sales JOIN customers ON customers.id = customer_id WHERE shop <> $1 ORDER BY region, cents DESC, sales.id`
    return (await pool.query(sql, [request.params.id])).rows
  })
}

export const experiment = defineDrill({
  practice: 'temp-spill',
  drill: 'spilled',
  database: `
    CREATE TABLE customers (id int PRIMARY KEY, region text NOT NULL);
    INSERT INTO customers SELECT n, 'region ' || n % 20 FROM generate_series(1, 4000) n;
    CREATE TABLE sales (
      id int PRIMARY KEY, shop int NOT NULL, customer_id int NOT NULL, cents int NOT NULL, note text NOT NULL);
    INSERT INTO sales SELECT n, n % 50, 1 + (n * 7919::bigint) % 4000, n % 997, repeat('x', 200) || n
      FROM generate_series(1, 100000) n`,
  requests: [{ route: 'GET /without/:id/largest', paths: spread(50, id => `/without/${id}/largest`) }],
  load: { ratePerSecond: 2, durationMs: 8_000 },
  before: { app },
  after: {
    app,
    schema: `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = %L', current_database(), '64MB'); END $$`,
  },
  expects: { atLeast: 10 },
})

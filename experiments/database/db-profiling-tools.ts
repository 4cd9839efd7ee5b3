/** Two reports and a lookup on a server that counts no statements, against one that does: afterwards it can say what it was busy with. */
import type { ExperimentArm } from '../define.ts'
import { defineDrill, spread } from '../define.ts'

const shops = 50

const statements = {
  sales: 'SELECT count(*)::int AS sales, sum(cents)::int AS cents FROM sales WHERE shop = $1',
  best: 'SELECT article, sum(cents)::int AS cents FROM sales WHERE shop = $1 GROUP BY article ORDER BY 2 DESC, 1 LIMIT 5',
  sale: 'SELECT article, cents FROM sales WHERE id = $1',
}

const app: ExperimentArm['app'] = (server, { pg, connectionString }) => {
  const pool = new pg.Pool({ connectionString, max: 6, connectionTimeoutMillis: 5_000 })
  for (const [name, sql] of Object.entries(statements))
    server.get<{ Params: { id: string } }>(
      `/${name}/:id`,
      async ({ params }) => (await pool.query<object>(sql, [params.id])).rows,
    )
}

export const experiment = defineDrill({
  practice: 'db-profiling-tools',
  drill: 'attributed',
  row: true,
  database: `
    CREATE TABLE sales (id int PRIMARY KEY, shop int NOT NULL, article int NOT NULL, cents int NOT NULL);
    INSERT INTO sales SELECT n, n % ${shops}, n % 700, n % 997 FROM generate_series(1, 50000) n`,
  requests: Object.keys(statements).map(name => ({
    route: `GET /${name}/:id`,
    paths: spread(shops, id => `/${name}/${id}`),
  })),
  load: { ratePerSecond: 20, durationMs: 6_000 },
  before: { app, server: { shared_preload_libraries: '', track_io_timing: 'off' } },
  after: { app },
  expects: { atLeast: 50 },
})

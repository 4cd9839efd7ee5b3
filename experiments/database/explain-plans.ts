/** City and zip always go together; a planner that takes them for independent expects a handful of rows and picks a loop. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const app: ExperimentArm['app'] = (server, { pg, connectionString }) => {
  const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
  server.get<{ Params: { id: string } }>('/regions/:id', async request => {
    const sql = `SELECT a.kind, count(*)::int AS people, sum(v.amount)::int AS amount
      FROM addresses a JOIN visits v ON v.address_id = a.id
      WHERE a.country = $1 AND a.city = $1 AND a.zip = $1 AND a.street = $1 GROUP BY a.kind ORDER BY a.kind`
    return (await pool.query(sql, [Number(request.params.id)])).rows
  })
}

export const experiment = defineExperiment({
  practice: 'explain-plans',
  database: `
    CREATE TABLE addresses (
      id int PRIMARY KEY, country int NOT NULL, city int NOT NULL, zip int NOT NULL, street int NOT NULL,
      kind int NOT NULL);
    INSERT INTO addresses SELECT n, n % 12, n % 12, n % 12, n % 12, n % 3 FROM generate_series(1, 60000) n;
    CREATE TABLE visits (id int PRIMARY KEY, address_id int NOT NULL, amount int NOT NULL, note text NOT NULL);
    INSERT INTO visits
      SELECT n, 1 + (n * 7919::bigint) % 60000, n % 90, repeat('x', 150) FROM generate_series(1, 120000) n;
    CREATE INDEX addresses_place_idx ON addresses (country, city, zip, street);
    CREATE INDEX visits_address_id_idx ON visits (address_id)`,
  requests: [{ route: 'GET /regions/:id', paths: spread(12, id => `/regions/${id - 1}`) }],
  load: { ratePerSecond: 8, durationMs: 8_000 },
  before: { app },
  after: {
    app,
    schema:
      'CREATE STATISTICS addresses_place (dependencies, ndistinct, mcv) ON country, city, zip, street FROM addresses',
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 1.2 },
})

/** Sums of a day's orders that look each customer up and read nothing of them, against the foreign key that says they exist. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const sums =
  (join: string): ExperimentArm['app'] =>
  (server, { pg, connectionString }) => {
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
    server.get<{ Params: { day: string } }>('/days/:day/sum', async request => {
      const sql = `SELECT count(*)::int AS orders, sum(o.cents)::int AS cents FROM orders o ${join} WHERE o.day = $1`
      return (await pool.query<{ orders: number; cents: number }>(sql, [request.params.day])).rows[0]
    })
  }

export const experiment = defineExperiment({
  practice: 'join-optimisation',
  database: `
    CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, note text NOT NULL);
    INSERT INTO customers SELECT n, 'customer ' || n, repeat(md5(n::text), 8) FROM generate_series(1, 60000) n;
    CREATE TABLE orders (
      id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers (id), day int NOT NULL, cents int NOT NULL);
    INSERT INTO orders
      SELECT n, 1 + (n::bigint * 7919) % 60000, 1 + n / 5000, (n * 37) % 9000 FROM generate_series(0, 199999) n;
    CREATE INDEX orders_day_idx ON orders (day);
    CREATE INDEX orders_customer_id_idx ON orders (customer_id)`,
  requests: [{ route: 'GET /days/:day/sum', paths: spread(40, day => `/days/${day}/sum`) }],
  load: { ratePerSecond: 10, durationMs: 8_000 },
  before: { app: sums('JOIN customers c ON c.id = o.customer_id') },
  after: { app: sums('') },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 2 },
})

/** A six-way join that is planned for each of four orders on a page, against the same under a name, planned once for each connection. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const sql = `
  SELECT o.id, c.name AS customer, p.name AS product, w.name AS warehouse, r.name AS region, s.name AS supplier
  FROM orders o
  JOIN customers c ON c.id = o.customer_id
  JOIN products p ON p.id = o.product_id
  JOIN warehouses w ON w.id = o.warehouse_id
  JOIN regions r ON r.id = c.region_id
  JOIN suppliers s ON s.id = p.supplier_id
  WHERE o.id = $1`

const asking =
  (name: string | undefined): ExperimentArm['app'] =>
  (server, { pg, connectionString }) => {
    const pool = new pg.Pool({ connectionString, max: 2, connectionTimeoutMillis: 5_000 })
    server.get<{ Params: { id: string } }>('/orders/:id/beside', async ({ params }) => {
      const last = Number(params.id)
      const orders: unknown[] = []
      for (let id = last - 3; id <= last; id++) {
        const { rows } = await pool.query({ ...(name === undefined ? {} : { name }), text: sql, values: [id] })
        orders.push(rows[0])
      }
      return orders
    })
  }

/** Every table with the indexes that a grown schema has: each one is weighed for each join order. */
const table = (name: string, columns: string, values: string, rows: number) => `
    CREATE TABLE ${name} (id int PRIMARY KEY, name text NOT NULL, code int NOT NULL, state int NOT NULL${columns});
    INSERT INTO ${name} SELECT n, '${name} ' || n, n % 100, n % 5${values} FROM generate_series(1, ${rows}) n;
    CREATE INDEX ON ${name} (name, id); CREATE INDEX ON ${name} (code, state, id); CREATE INDEX ON ${name} (state, code, id);
    CREATE INDEX ON ${name} (id, state); CREATE INDEX ON ${name} (id, code, name); CREATE INDEX ON ${name} (id) WHERE state = 1;
    CREATE INDEX ON ${name} (code); CREATE INDEX ON ${name} (state); CREATE INDEX ON ${name} (id, name); CREATE INDEX ON ${name} (id, code);`

export const experiment = defineExperiment({
  practice: 'prepared-statements',
  database: [
    table('regions', '', '', 50),
    table('suppliers', '', '', 200),
    table('warehouses', '', '', 100),
    table('customers', ', region_id int NOT NULL REFERENCES regions', ', 1 + n % 50', 2_000),
    table('products', ', supplier_id int NOT NULL REFERENCES suppliers', ', 1 + n % 200', 1_000),
    table(
      'orders',
      ', customer_id int NOT NULL REFERENCES customers, product_id int NOT NULL REFERENCES products, warehouse_id int NOT NULL REFERENCES warehouses',
      ', 1 + n % 2000, 1 + n % 1000, 1 + n % 100',
      5_000,
    ),
  ].join('\n'),
  requests: [{ route: 'GET /orders/:id/beside', paths: spread(4_990, id => `/orders/${id + 4}/beside`) }],
  load: { ratePerSecond: 20, durationMs: 8_000 },
  before: { app: asking(undefined) },
  after: { app: asking('order-with-everything') },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 2 },
})

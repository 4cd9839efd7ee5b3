/** A shelf of 150 products with their whole documents, against the three columns that the list shows. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const shelf =
  (columns: string): ExperimentArm['app'] =>
  (server, { pg, connectionString }) => {
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
    server.get<{ Params: { id: string } }>('/shelves/:id', async request => {
      const sql = `SELECT ${columns} FROM products WHERE shelf = $1 ORDER BY id LIMIT 150`
      const { rows } = await pool.query<{ id: number; name: string; price: number }>(sql, [request.params.id])
      return rows.map(({ id, name, price }) => ({ id, name, price }))
    })
  }

export const experiment = defineExperiment({
  practice: 'select-needed-columns',
  database: `
    CREATE TABLE products (
      id int PRIMARY KEY, shelf int NOT NULL, name text NOT NULL, price int NOT NULL, description jsonb NOT NULL);
    ALTER TABLE products ALTER COLUMN description SET STORAGE EXTERNAL;
    INSERT INTO products
      SELECT n, 1 + n % 40, 'product ' || n, n % 900,
        jsonb_build_object('blocks', (SELECT jsonb_agg(md5((n * 300 + k)::text)) FROM generate_series(1, 250) k))
      FROM generate_series(1, 6000) n;
    CREATE INDEX products_shelf_id_idx ON products (shelf, id)`,
  requests: [{ route: 'GET /shelves/:id', paths: spread(40, id => `/shelves/${id}`) }],
  load: { ratePerSecond: 10, durationMs: 8_000 },
  before: { app: shelf('*') },
  after: { app: shelf('id, name, price') },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 2 },
})

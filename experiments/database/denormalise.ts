/** The orders of a customer, counted and summed up for everybody who looks, against totals that a trigger keeps. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const totals =
  (sql: string): ExperimentArm['app'] =>
  (server, { pg, connectionString }) => {
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
    server.get<{ Params: { id: string } }>(
      '/customers/:id/totals',
      async request => (await pool.query<{ orders: string; cents: string }>(sql, [request.params.id])).rows[0],
    )
  }

export const experiment = defineExperiment({
  practice: 'denormalise',
  database: `
    CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, 10) n;
    CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers (id), cents int NOT NULL);
    INSERT INTO orders SELECT n, 1 + n / 50000, (n * 37) % 9000 FROM generate_series(0, 499999) n;
    CREATE INDEX orders_customer_id_idx ON orders (customer_id) INCLUDE (cents)`,
  requests: [{ route: 'GET /customers/:id/totals', paths: spread(10, id => `/customers/${id}/totals`) }],
  load: { ratePerSecond: 30, durationMs: 8_000 },
  before: {
    app: totals('SELECT count(*) AS orders, sum(cents) AS cents FROM orders WHERE customer_id = $1'),
    maintenance: ['VACUUM ANALYZE'],
  },
  after: {
    app: totals('SELECT orders_count AS orders, orders_cents AS cents FROM customers WHERE id = $1'),
    schema: `
      ALTER TABLE customers ADD COLUMN orders_count bigint NOT NULL DEFAULT 0, ADD COLUMN orders_cents bigint NOT NULL DEFAULT 0;
      CREATE FUNCTION keep_orders_totals() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP <> 'INSERT' THEN
          UPDATE customers SET orders_count = orders_count - 1, orders_cents = orders_cents - OLD.cents WHERE id = OLD.customer_id;
        END IF;
        IF TG_OP <> 'DELETE' THEN
          UPDATE customers SET orders_count = orders_count + 1, orders_cents = orders_cents + NEW.cents WHERE id = NEW.customer_id;
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER keep_totals AFTER INSERT OR UPDATE OR DELETE ON orders
        FOR EACH ROW EXECUTE FUNCTION keep_orders_totals();
      UPDATE customers c SET
        orders_count = (SELECT count(*) FROM orders o WHERE o.customer_id = c.id),
        orders_cents = (SELECT coalesce(sum(cents), 0) FROM orders o WHERE o.customer_id = c.id)`,
    maintenance: ['VACUUM ANALYZE'],
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 2 },
})

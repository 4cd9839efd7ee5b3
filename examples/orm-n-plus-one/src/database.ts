/** Orders with their lines and products: foreign keys as an ORM declares them, which make no index. */
import { Client } from 'pg'

export interface Amounts {
  readonly orders: number
  readonly customers: number
  readonly products: number
}

const linesPerOrder = 3

/** The same rows for the same amounts, so that two climbs can be compared. */
export async function fill(url: string, { orders, customers, products }: Amounts): Promise<void> {
  await settle(url, [
    'CREATE TABLE products (id integer PRIMARY KEY, name text NOT NULL, description text NOT NULL)',
    `CREATE TABLE orders (
      id integer PRIMARY KEY,
      customer_id integer NOT NULL,
      created_at timestamptz NOT NULL
    )`,
    `CREATE TABLE order_lines (
      id integer PRIMARY KEY,
      order_id integer NOT NULL REFERENCES orders,
      product_id integer NOT NULL REFERENCES products,
      quantity integer NOT NULL
    )`,
    `INSERT INTO products
      SELECT id, 'product ' || id, repeat(md5(id::text), 8) FROM generate_series(1, ${products}) AS id`,
    `INSERT INTO orders
      SELECT id, 1 + id % ${customers}, timestamptz '2026-01-01' + id * interval '7 seconds'
      FROM generate_series(1, ${orders}) AS id`,
    `INSERT INTO order_lines
      SELECT id, 1 + id % ${orders}, 1 + (hashint4(id)::bigint + 2147483648) % ${products}, 1 + id % 4
      FROM generate_series(1, ${linesPerOrder * orders}) AS id`,
  ])
}

/** Runs the statements, then what autovacuum would do later. */
export async function settle(url: string, statements: readonly string[]): Promise<void> {
  await withClient(url, async client => {
    for (const statement of [...statements, 'VACUUM (ANALYZE) products, orders, order_lines'])
      await client.query(statement)
  })
}

/** How each statement is carried out, as PostgreSQL prints it. They are run: only for reads. */
export async function plansOf(url: string, statements: readonly string[]): Promise<readonly string[]> {
  return withClient(url, async client => {
    const plans: string[] = []
    for (const statement of statements) {
      const { rows } = await client.query<Record<'QUERY PLAN', string>>(`EXPLAIN (ANALYZE, BUFFERS) ${statement}`)
      plans.push(rows.map(row => row['QUERY PLAN']).join('\n'))
    }
    return plans
  })
}

async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

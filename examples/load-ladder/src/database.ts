/** A table of orders as shops have them: most customers have a few, some have hundreds, most orders are done. */
import { Client } from 'pg'

export interface Amounts {
  readonly orders: number
  readonly customers: number
}

/** The same rows for the same amounts, so that two climbs can be compared. */
export async function fill(url: string, { orders, customers }: Amounts): Promise<void> {
  await execute(url, [
    `CREATE TABLE orders (
      id bigint PRIMARY KEY,
      customer_id integer NOT NULL,
      status text NOT NULL,
      total numeric(10, 2) NOT NULL,
      created_at timestamptz NOT NULL,
      note text NOT NULL
    )`,
    `INSERT INTO orders
      SELECT id,
        -- The square makes the first customers large.
        1 + floor(${customers} * power(hash / 4294967296.0, 2))::integer,
        (ARRAY['open', 'paid', 'shipped', 'done', 'done', 'done'])[1 + id % 6],
        (id % 10000) / 100.0,
        timestamptz '2026-01-01' + id * interval '7 seconds',
        repeat(md5(id::text), 3)
      FROM (SELECT id, (hashint8(id)::bigint + 2147483648) AS hash FROM generate_series(1, ${orders}) AS id) AS drawn`,
  ])
  await settle(url, [])
}

/** Runs the statements, then what autovacuum would do later: an index-only scan needs the visibility map. */
export async function settle(url: string, statements: readonly string[]): Promise<void> {
  await execute(url, [...statements, 'VACUUM (ANALYZE) orders'])
}

async function execute(url: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

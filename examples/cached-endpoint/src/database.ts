/** A table of orders and no index that would help: reports over it are slow, and that is the point. */
import { Client } from 'pg'

export interface Amounts {
  readonly orders: number
  readonly days: number
}

/** The same rows for the same amounts, so that two runs can be compared. */
export async function fill(url: string, { orders, days }: Amounts): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(
      `CREATE TABLE orders (id bigint PRIMARY KEY, day integer NOT NULL, region text NOT NULL, total numeric(10, 2) NOT NULL)`,
    )
    await client.query(
      `INSERT INTO orders SELECT id, id % ${days}, 'region ' || id % 7, (hashint8(id)::bigint + 2147483648) % 100000 / 100.0
       FROM generate_series(1, ${orders}) AS id`,
    )
    await client.query('VACUUM (ANALYZE) orders')
  } finally {
    await client.end()
  }
}

/** The shop's tables and their rows: 500,000 and more, the same for the same seed, made by the database itself in seconds. */
import type { Client } from 'pg'
import type { Fixes } from './faults.ts'

export const sizes = {
  customers: 20_000,
  categories: 200,
  products: 40_000,
  orders: 80_000,
  itemsPerOrder: 3,
  reviews: 240_000,
  activity: 150_000,
} as const

/** Few customers with long histories: what the activity page reads too much of. */
export const activeCustomers = 60

export const totalRows =
  sizes.customers +
  sizes.categories +
  sizes.products +
  sizes.orders * (1 + sizes.itemsPerOrder) +
  sizes.reviews +
  sizes.activity

/** Creates and fills every table. The database's own hash of a counter stands in for randomness, so two runs hold the same rows. */
export async function createShop(client: Client): Promise<void> {
  const spread = (salt: number, limit: number) => `(hashint4(n + ${salt * 1_000_000}) & 2147483647) % ${limit}`
  const ago = (salt: number) => `timestamptz '2026-01-01' - make_interval(secs => ${spread(salt, 15_000_000)})`
  const fill = (table: string, rows: number, columns: string) =>
    client.query(`CREATE TABLE ${table} AS SELECT n AS id, ${columns} FROM generate_series(1, ${rows}) n`)
  await fill(
    'customers',
    sizes.customers,
    `'Customer ' || n AS name, 'customer' || n || '@shop.example' AS email, 'City ' || ${spread(1, 500)} AS city`,
  )
  await fill('categories', sizes.categories, `'Category ' || n AS name`)
  await fill(
    'products',
    sizes.products,
    `1 + n % ${sizes.categories} AS category_id, 'Product ' || n AS name, 100 + ${spread(2, 20_000)} AS price_cents,
     ${spread(3, 300)} AS stock, repeat(md5(n::text) || ' ', 45) AS description`,
  )
  await fill(
    'orders',
    sizes.orders,
    `1 + ${spread(4, sizes.customers)} AS customer_id, (ARRAY['new','paid','sent','done'])[1 + ${spread(5, 4)}] AS status, ${ago(6)} AS created_at`,
  )
  await fill(
    'order_items',
    sizes.orders * sizes.itemsPerOrder,
    `1 + n % ${sizes.orders} AS order_id, 1 + ${spread(7, sizes.products)} AS product_id, 1 + ${spread(8, 5)} AS quantity,
     100 + ${spread(9, 20_000)} AS price_cents`,
  )
  await fill(
    'reviews',
    sizes.reviews,
    `1 + ${spread(10, sizes.products)} AS product_id, 1 + ${spread(11, sizes.customers)} AS customer_id, 1 + ${spread(12, 5)} AS rating,
     'Review ' || md5(n::text) AS body, ${ago(13)} AS created_at`,
  )
  await fill(
    'activity',
    sizes.activity,
    `1 + n % ${activeCustomers} AS customer_id, 'viewed' AS kind, 'Viewed ' || md5(n::text) AS detail, ${ago(14)} AS created_at`,
  )
  // Keys after the rows: building them once is several times faster than keeping them up to date.
  await client.query(`
    ALTER TABLE customers ADD PRIMARY KEY (id), ADD UNIQUE (email);
    ALTER TABLE categories ADD PRIMARY KEY (id);
    ALTER TABLE products ADD PRIMARY KEY (id);
    ALTER TABLE orders ADD PRIMARY KEY (id);
    ALTER TABLE order_items ADD PRIMARY KEY (id);
    ALTER TABLE reviews ADD PRIMARY KEY (id);
    ALTER TABLE activity ADD PRIMARY KEY (id);
    ALTER TABLE products ADD FOREIGN KEY (category_id) REFERENCES categories;
    ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;
    ALTER TABLE order_items ADD FOREIGN KEY (order_id) REFERENCES orders;
    CREATE INDEX products_category_id_idx ON products (category_id);
    CREATE INDEX orders_customer_id_idx ON orders (customer_id);
    CREATE INDEX order_items_order_id_idx ON order_items (order_id);
    CREATE INDEX activity_customer_id_created_at_idx ON activity (customer_id, created_at DESC);
    ANALYZE`)
}

/** What a migration would do for the faults that live in the schema. */
export async function migrate(client: Client, fixes: Fixes): Promise<void> {
  if (fixes.has('missing-index')) {
    await client.query('CREATE INDEX IF NOT EXISTS reviews_product_id_idx ON reviews (product_id); ANALYZE reviews')
  }
}

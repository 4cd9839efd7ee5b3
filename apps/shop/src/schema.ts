/** The shop's tables and their rows: 600,000 and more, the same for the same seed, made by the database itself in seconds. */
import type { Client } from 'pg'
import type { Fixes } from './faults.ts'

export const sizes = {
  customers: 20_000,
  categories: 200,
  products: 40_000,
  orders: 100_000,
  itemsPerOrder: 3,
  reviews: 180_000,
  activity: 60_000,
} as const

export const totalRows =
  sizes.customers +
  sizes.categories +
  sizes.products +
  sizes.orders * (1 + sizes.itemsPerOrder) +
  sizes.reviews +
  sizes.activity

/** Creates and fills every table. `md5` of a counter stands in for randomness, so two runs hold the same rows. */
export async function createShop(client: Client): Promise<void> {
  await client.query(`
    CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, city text NOT NULL);
    CREATE TABLE categories (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE products (
      id int PRIMARY KEY, category_id int NOT NULL REFERENCES categories, name text NOT NULL, price_cents int NOT NULL,
      stock int NOT NULL, description text NOT NULL);
    CREATE TABLE orders (
      id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, status text NOT NULL, created_at timestamptz NOT NULL);
    CREATE TABLE order_items (
      id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders, product_id int NOT NULL, quantity int NOT NULL, price_cents int NOT NULL);
    CREATE TABLE reviews (
      id int PRIMARY KEY, product_id int NOT NULL, customer_id int NOT NULL, rating int NOT NULL, body text NOT NULL, created_at timestamptz NOT NULL);
    CREATE TABLE activity (
      id int PRIMARY KEY, customer_id int NOT NULL, kind text NOT NULL, detail text NOT NULL, created_at timestamptz NOT NULL);`)
  const spread = (salt: string, limit: number) =>
    `(('x' || substr(md5(n::text || '${salt}'), 1, 7))::bit(28)::int % ${limit})`
  const ago = (salt: string) => `timestamptz '2026-01-01' - make_interval(secs => ${spread(salt, 15_000_000)})`
  const fill = (table: string, rows: number, columns: string) =>
    client.query(`INSERT INTO ${table} SELECT n, ${columns} FROM generate_series(1, ${rows}) n`)
  await fill(
    'customers',
    sizes.customers,
    `'Customer ' || n, 'customer' || n || '@shop.example', 'City ' || ${spread('c', 500)}`,
  )
  await fill('categories', sizes.categories, `'Category ' || n`)
  await fill(
    'products',
    sizes.products,
    `1 + n % ${sizes.categories}, 'Product ' || n, 100 + ${spread('p', 20_000)}, ${spread('s', 300)}, repeat(md5(n::text) || ' ', 45)`,
  )
  await fill(
    'orders',
    sizes.orders,
    `1 + ${spread('o', sizes.customers)}, (ARRAY['new','paid','sent','done'])[1 + ${spread('t', 4)}], ${ago('d')}`,
  )
  await fill(
    'order_items',
    sizes.orders * sizes.itemsPerOrder,
    `1 + n % ${sizes.orders}, 1 + ${spread('i', sizes.products)}, 1 + ${spread('q', 5)}, 100 + ${spread('r', 20_000)}`,
  )
  await fill(
    'reviews',
    sizes.reviews,
    `1 + ${spread('v', sizes.products)}, 1 + ${spread('w', sizes.customers)}, 1 + ${spread('x', 5)}, 'Review ' || md5(n::text), ${ago('y')}`,
  )
  await fill('activity', sizes.activity, `1 + n % 60, 'viewed', 'Viewed ' || md5(n::text), ${ago('a')}`)
  await client.query(`
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

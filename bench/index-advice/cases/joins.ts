/** Foreign keys: PostgreSQL indexes the side that is referenced, never the side that refers. */
import type { IndexCase } from '../case.ts'

export const joins: readonly IndexCase[] = [
  {
    name: 'the lines of one product',
    statements: [
      {
        text: 'select i.id, i.quantity from products p join order_items i on i.product_id = p.id where p.sku = $1',
        sets: [['sku-7'], ['sku-19990']],
      },
    ],
    wants: [['order_items (product_id)']],
  },
  {
    name: 'the lines of the orders of a customer need two',
    statements: [
      {
        text: 'select i.* from orders o join order_items i on i.order_id = o.id where o.customer_id = $1',
        sets: [[7], [10_000], [19_990]],
      },
    ],
    wants: [['orders (customer_id)'], ['order_items (order_id)']],
  },
  {
    name: 'a left join from one parent',
    statements: [
      {
        text: 'select c.name, o.total from customers c left join orders o on o.customer_id = c.id where c.id = $1',
        sets: [[7], [19_990]],
      },
    ],
    wants: [['orders (customer_id)']],
  },
  {
    name: 'a parent is deleted and its children are looked for',
    setup:
      'alter table order_items drop constraint order_items_order_id_fkey; delete from orders where customer_id in (5, 19000)',
    statements: [{ text: 'delete from customers where id = $1', sets: [[5], [19_000]] }],
    wants: [['orders (customer_id)']],
  },
  {
    name: 'those who ordered lately',
    statements: [
      {
        text: 'select id, email from customers where id in (select customer_id from orders where created_at > $1)',
        sets: [['2024-07-27 02:00+00'], ['2024-07-27 00:00+00']],
      },
    ],
    wants: [['orders (created_at)']],
  },
  {
    name: 'is there an order at all',
    statements: [
      {
        text: 'select c.id from customers c where c.id = $1 and exists (select 1 from orders o where o.customer_id = c.id)',
        sets: [[7], [19_990]],
      },
    ],
    wants: [['orders (customer_id)']],
  },
  {
    name: 'the latest order of a customer, for each of a few',
    statements: [
      {
        text: `select c.id, o.total from customers c cross join lateral
          (select total from orders where customer_id = c.id order by created_at desc limit 1) o where c.id in ($1, $2)`,
        sets: [
          [7, 9_000],
          [500, 19_990],
        ],
      },
    ],
    wants: [['orders (customer_id)', 'orders (customer_id, created_at desc)', 'orders (customer_id, created_at)']],
  },
  {
    name: 'a join on an expression',
    setup:
      "create table imports (id int primary key, mail text not null); insert into imports select n, 'user' || n || '@example.org' from generate_series(1, 12) n; analyze imports",
    statements: [{ text: 'select c.id from imports i join customers c on lower(c.email) = i.mail', calls: 300 }],
    wants: [['customers (lower(email))']],
  },
]

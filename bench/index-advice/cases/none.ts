/** Where an index is no answer: silence is right, and most questions of a service are of this sort. */
import type { IndexCase } from '../case.ts'

const wants: IndexCase['wants'] = []

export const none: readonly IndexCase[] = [
  {
    name: 'a table of two hundred rows',
    statements: [{ text: 'select value from settings where key = $1', sets: [['key-7'], ['key-199']] }],
    wants,
  },
  {
    name: 'a search inside of two hundred rows',
    statements: [{ text: 'select id from settings where value ilike $1', sets: [['%8f%'], ['%c4%']] }],
    wants,
  },
  { name: 'a primary key', statements: [{ text: 'select * from orders where id = $1', sets: [[7], [59_000]] }], wants },
  {
    name: 'a unique column',
    statements: [{ text: 'select id from products where sku = $1', sets: [['sku-7'], ['sku-19990']] }],
    wants,
  },
  {
    name: 'an index that is there',
    setup: 'create index on orders (customer_id)',
    statements: [{ text: 'select id, total from orders where customer_id = $1', sets: [[7], [19_000]] }],
    wants,
  },
  {
    name: 'the first column of an index that is there',
    setup: 'create index on orders (customer_id, created_at)',
    statements: [{ text: 'select id, total from orders where customer_id = $1', sets: [[7], [19_000]] }],
    wants,
  },
  {
    name: 'two columns that one index leaves a handful of rows of',
    setup: 'create index on orders (customer_id)',
    statements: [
      {
        text: 'select id from orders where customer_id = $1 and status = $2',
        sets: [
          [7, 'paid'],
          [19_000, 'shipped'],
        ],
      },
    ],
    wants,
  },
  {
    name: 'an expression that is indexed',
    setup: 'create index on customers (lower(email)); analyze customers',
    statements: [
      {
        text: 'select id from customers where lower(email) = $1',
        sets: [['user3@example.org'], ['user199@example.org']],
      },
    ],
    wants,
  },
  {
    name: 'a part that is indexed',
    setup: "create index on jobs (priority desc, run_at) where state = 'queued'",
    statements: [
      {
        text: "select id, payload from jobs where state = 'queued' order by priority desc, run_at limit 10",
        calls: 500,
      },
    ],
    wants,
  },
  {
    name: 'a value that most rows have',
    statements: [{ text: "select sum(total) from orders where note <> 'x' and status in ('paid', 'shipped')" }],
    wants,
  },
  {
    name: 'a flag that nearly all rows have',
    statements: [{ text: 'select sum(sender_id) from messages where read', calls: 300 }],
    wants,
  },
  {
    name: 'a range that holds nearly everything',
    statements: [
      {
        text: 'select avg(total) from orders where created_at > $1',
        sets: [['2024-01-10 00:00+00'], ['2024-02-01 00:00+00']],
      },
    ],
    wants,
  },
  { name: 'a count of everything', statements: [{ text: 'select count(*) from orders', calls: 300 }], wants },
  {
    name: 'groups of everything',
    statements: [{ text: 'select status, count(*), sum(total) from orders group by status' }],
    wants,
  },
  {
    name: 'a join of everything',
    statements: [{ text: 'select count(*), sum(o.total) from orders o join customers c on c.id = o.customer_id' }],
    wants,
  },
  {
    name: 'a sort of everything',
    statements: [{ text: 'select id, total, note from orders order by total', calls: 20 }],
    wants,
  },
  {
    name: 'a deep page by the key',
    statements: [{ text: 'select id, total from orders order by id limit 20 offset $1', sets: [[30_000], [55_000]] }],
    wants,
  },
  {
    name: 'pages so deep that the order of an index is no help',
    statements: [{ text: 'select id, note from orders order by total limit 20 offset $1', sets: [[30_000], [55_000]] }],
    wants,
  },
  {
    name: 'a search that finds nearly all',
    statements: [{ text: 'select id from documents where body like $1', sets: [['%common%'], ['%the common%']] }],
    wants,
  },
  {
    name: 'a value among the members of an array',
    statements: [{ text: 'select id from products where $1 = any(tags)', sets: [['t7'], ['u9']] }],
    wants,
  },
  {
    name: 'a function that answers differently each time',
    statements: [{ text: 'select id from orders where customer_id = (random() * 20000)::int' }],
    wants,
  },
  {
    name: 'a day in the zone of the session, which no index can hold',
    statements: [
      {
        text: "select id from events where date_trunc('day', created_at) = $1",
        sets: [['2025-01-09 00:00+00'], ['2025-01-29 00:00+00']],
      },
    ],
    wants,
  },
  {
    name: 'an age that depends on now',
    statements: [
      {
        text: "select id from events where created_at + interval '90 days' < now() - $1::interval",
        sets: [['900 days'], ['800 days']],
      },
    ],
    wants,
  },
  {
    name: 'what is not alike',
    statements: [{ text: 'select count(*) from customers where name not like $1', sets: [['c4%'], ['ec%']] }],
    wants,
  },
  {
    name: 'an OR with a branch that most rows meet',
    statements: [{ text: 'select sum(sender_id) from messages where sender_id = $1 or read', sets: [[3], [190]] }],
    wants,
  },
  {
    name: 'a foreign key that is indexed',
    setup: 'create index on order_items (order_id)',
    statements: [
      {
        text: 'select i.* from orders o join order_items i on i.order_id = o.id where o.id = $1',
        sets: [[7], [59_000]],
      },
    ],
    wants,
  },
  {
    name: 'an insert',
    statements: [
      {
        text: 'insert into settings (id, key, value) values ($1, $2, $3)',
        sets: [
          [900, 'a', 'b'],
          [901, 'c', 'd'],
        ],
        calls: 5_000,
      },
    ],
    wants,
  },
  {
    name: 'a key that is compared as text: the comparison is wrong, not the index',
    statements: [{ text: 'select id, total from orders where id::text = $1', sets: [['7'], ['59000']] }],
    wants,
  },
  {
    name: 'an indexed time of which a day is asked for: a range would find it',
    setup: 'create index on orders (placed_on)',
    statements: [
      { text: 'select id, total from orders where placed_on::date = $1', sets: [['2024-03-01'], ['2024-06-01']] },
    ],
    wants,
  },
  {
    name: 'a join that turns two numbers into text',
    statements: [
      {
        text: 'select c.name from orders o join customers c on c.id::text = o.customer_id::text where o.id = $1',
        sets: [[7], [59_000]],
      },
    ],
    wants,
  },
  {
    name: 'a join of a number with a decimal, which converts the key',
    setup:
      'alter table orders drop constraint orders_customer_id_fkey; alter table orders alter customer_id type numeric; analyze orders',
    statements: [
      {
        text: 'select c.name from orders o join customers c on c.id = o.customer_id where o.id = $1',
        sets: [[7], [59_000]],
      },
    ],
    wants,
  },
  {
    name: 'a row number over everything',
    statements: [{ text: 'select id, row_number() over (order by total) from orders', calls: 10 }],
    wants,
  },
]

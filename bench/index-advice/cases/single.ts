/** Section 11.1: one column, compared for equality or within a range. */
import type { IndexCase } from '../case.ts'

export const single: readonly IndexCase[] = [
  {
    name: 'the orders of a customer',
    statements: [{ text: 'select id, total from orders where customer_id = $1', sets: [[17], [9_800], [19_999]] }],
    wants: [['orders (customer_id)']],
  },
  {
    name: 'a customer by e-mail',
    statements: [
      {
        text: 'select id, name from customers where email = $1',
        sets: [['User3@Example.org'], ['User19990@Example.org']],
      },
    ],
    wants: [['customers (email)']],
  },
  {
    name: 'the lines of an order',
    statements: [{ text: 'select * from order_items where order_id = $1', sets: [[5], [50_000], [59_999]] }],
    wants: [['order_items (order_id)']],
  },
  {
    name: 'a list of customers',
    statements: [
      {
        text: 'select id from orders where customer_id in ($1, $2, $3)',
        sets: [
          [4, 9_000, 19_000],
          [77, 11_111, 18_500],
        ],
      },
    ],
    wants: [['orders (customer_id)']],
  },
  {
    name: 'the same column twice, joined by OR, is a list',
    statements: [
      {
        text: 'select id from orders where customer_id = $1 or customer_id = $2',
        sets: [
          [4, 19_000],
          [900, 12_000],
        ],
      },
    ],
    wants: [['orders (customer_id)']],
  },
  {
    name: 'an hour of events',
    statements: [
      {
        text: 'select id, kind from events where created_at >= $1 and created_at < $2',
        sets: [
          ['2025-01-20 10:00+00', '2025-01-20 11:00+00'],
          ['2025-01-30 10:00+00', '2025-01-30 11:00+00'],
        ],
      },
    ],
    wants: [['events (created_at)']],
  },
  {
    name: 'BETWEEN is a range',
    statements: [
      {
        text: 'select id from orders where total between $1 and $2',
        sets: [
          [100, 100.5],
          [9_000, 9_000.5],
        ],
      },
    ],
    wants: [['orders (total)']],
  },
  {
    name: 'an address',
    statements: [{ text: 'select id from events where ip = $1', sets: [['10.0.3.9'], ['10.0.130.1']] }],
    wants: [['events (ip)']],
  },
  {
    name: 'an update finds its rows like a read',
    statements: [
      {
        text: 'update orders set note = $1 where customer_id = $2',
        sets: [
          ['x', 12],
          ['y', 18_000],
        ],
      },
    ],
    wants: [['orders (customer_id)']],
  },
  {
    name: 'a delete finds its rows like a read',
    statements: [{ text: 'delete from order_items where order_id = $1', sets: [[12], [58_000]] }],
    wants: [['order_items (order_id)']],
  },
  {
    name: 'LIMIT 1 makes a scan look cheap, but the key may lie late',
    statements: [{ text: 'select total from orders where customer_id = $1 limit 1', sets: [[3], [9_876], [19_998]] }],
    wants: [['orders (customer_id)']],
  },
  {
    name: 'the newest of one customer',
    statements: [{ text: 'select max(created_at) from orders where customer_id = $1', sets: [[3], [15_000]] }],
    wants: [['orders (customer_id)', 'orders (customer_id, created_at)']],
  },
  {
    name: 'a column that is nearly always null is indexed for the rest',
    statements: [{ text: 'select id, email from customers where suspended_at is not null', calls: 500 }],
    wants: [
      [
        'customers (suspended_at)',
        'customers (suspended_at) where suspended_at is not null',
        'customers (id) where suspended_at is not null',
      ],
    ],
  },
  {
    name: 'a rare value of a nullable column',
    statements: [{ text: 'select id from jobs where locked_by = $1', sets: [['w1'], ['w3']] }],
    wants: [['jobs (locked_by)', 'jobs (locked_by) where locked_by is not null']],
  },
]

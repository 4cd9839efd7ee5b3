/** Sections 11.3, 11.5 and 11.9: several columns, indexes that are combined, columns that are carried along. */
import type { IndexCase } from '../case.ts'

export const multicolumn: readonly IndexCase[] = [
  {
    name: 'two equal columns, each with many rows',
    statements: [
      {
        text: 'select id, body from messages where sender_id = $1 and recipient_id = $2',
        sets: [
          [1, 2],
          [150, 33],
          [199, 0],
        ],
      },
    ],
    wants: [['messages (sender_id, recipient_id)', 'messages (recipient_id, sender_id)']],
  },
  {
    name: 'an account and a kind',
    statements: [
      {
        text: 'select * from events where account_id = $1 and kind = $2',
        sets: [
          [1, 'k1'],
          [400, 'k11'],
        ],
      },
    ],
    wants: [['events (account_id, kind)', 'events (kind, account_id)']],
  },
  {
    name: 'the equal column comes first, the range last',
    statements: [
      {
        text: 'select id, body from messages where recipient_id = $1 and sent_at >= $2',
        sets: [
          [5, '2025-09-20 00:00+00'],
          [180, '2025-09-25 00:00+00'],
        ],
      },
    ],
    wants: [['messages (recipient_id, sent_at)', 'messages (recipient_id, sent_at desc)']],
  },
  {
    name: 'an account, a range of time, in the order of time',
    statements: [
      {
        text: 'select id, body from events where account_id = $1 and created_at >= $2 and created_at < $3 order by created_at',
        sets: [
          [3, '2025-01-05 00:00+00', '2025-01-09 00:00+00'],
          [471, '2025-01-10 00:00+00', '2025-01-14 00:00+00'],
        ],
      },
    ],
    wants: [['events (account_id, created_at)', 'events (account_id, created_at desc)']],
  },
  {
    name: 'the second column is worth having though an index on the first is there',
    setup: 'create index on messages (sender_id)',
    statements: [
      {
        text: 'select id, body from messages where sender_id = $1 and recipient_id = $2',
        sets: [
          [1, 2],
          [150, 33],
          [199, 0],
        ],
      },
    ],
    // Section 11.5: two indexes may also be combined.
    wants: [['messages (sender_id, recipient_id)', 'messages (recipient_id, sender_id)', 'messages (recipient_id)']],
  },
  {
    name: 'a sum over many rows of one account is read from the index alone',
    statements: [{ text: 'select sum(amount) from payments where account_id = $1', sets: [[0], [100], [199]] }],
    wants: [['payments (account_id) include (amount)', 'payments (account_id, amount)']],
  },
  {
    name: 'two columns are carried along',
    statements: [
      {
        text: 'select method, avg(amount) from payments where account_id = $1 group by method',
        sets: [[7], [100], [198]],
      },
    ],
    wants: [
      [
        'payments (account_id) include (method, amount)',
        'payments (account_id) include (amount, method)',
        'payments (account_id, method) include (amount)',
        'payments (account_id, method, amount)',
      ],
    ],
  },
  {
    name: 'a star is not carried along',
    statements: [{ text: 'select * from payments where account_id = $1', sets: [[7], [100], [198]] }],
    wants: [['payments (account_id)']],
  },
  {
    name: 'a long text is not carried along',
    statements: [
      { text: 'select id, amount, memo, method from payments where account_id = $1', sets: [[7], [100], [198]] },
    ],
    wants: [['payments (account_id)']],
  },
  {
    name: 'few rows are fetched from the table as well',
    statements: [{ text: 'select sum(total) from orders where customer_id = $1', sets: [[7], [10_000], [19_998]] }],
    wants: [['orders (customer_id)']],
  },
  {
    name: 'what is updated all the time is not carried along',
    setup: 'alter table payments set (fillfactor = 70); vacuum full payments; vacuum analyze payments',
    statements: [
      { text: 'select sum(amount) from payments where account_id = $1', sets: [[0], [100], [199]], calls: 40 },
      { text: 'update payments set amount = amount + 1 where id = $1', sets: [[1], [50_000]], calls: 10 },
    ],
    writes: `do $$ begin for turn in 1..60 loop
      update payments set amount = amount + 1 where id % 80 = turn % 80; commit; end loop; end $$`,
    wants: [['payments (account_id)']],
  },
  {
    name: 'one index for each branch of an OR',
    statements: [
      {
        text: 'select id, quantity from order_items where order_id = $1 or product_id = $2',
        sets: [
          [1, 1],
          [50_000, 150],
          [59_000, 19_900],
        ],
      },
    ],
    wants: [['order_items (order_id)'], ['order_items (product_id)']],
  },
  {
    name: 'the other branch of an OR is indexed already',
    setup: 'create index on order_items (order_id)',
    statements: [
      {
        text: 'select id, quantity from order_items where order_id = $1 or product_id = $2',
        sets: [
          [1, 1],
          [50_000, 150],
          [59_000, 19_900],
        ],
      },
    ],
    wants: [['order_items (product_id)']],
  },
]

/** Several statements at once: few indexes that serve many, and none that costs more than it returns. */
import type { IndexCase } from '../case.ts'

export const workloads: readonly IndexCase[] = [
  {
    name: 'the wide one serves the narrow question too',
    statements: [
      { text: 'select id, body from messages where sender_id = $1', sets: [[1], [100]] },
      {
        text: 'select id, body from messages where sender_id = $1 and recipient_id = $2',
        sets: [
          [1, 2],
          [150, 33],
        ],
        calls: 300,
      },
    ],
    wants: [['messages (sender_id, recipient_id)']],
  },
  {
    name: 'the same column first, whatever comes behind it',
    statements: [
      {
        text: 'select id, body from events where account_id = $1 order by created_at desc limit 10',
        sets: [[1], [300]],
        calls: 400,
      },
      { text: 'select * from events where account_id = $1', sets: [[1], [300]] },
    ],
    wants: [['events (account_id, created_at desc)', 'events (account_id, created_at)']],
  },
  {
    name: 'two questions that share nothing',
    statements: [
      { text: 'select id from orders where customer_id = $1', sets: [[7], [19_000]] },
      { text: 'select id, total from orders order by total desc limit 10' },
    ],
    wants: [['orders (customer_id)'], ['orders (total desc)', 'orders (total)']],
  },
  {
    name: 'two tables, one index each',
    statements: [
      { text: 'select id from orders where customer_id = $1', sets: [[7], [19_000]] },
      {
        text: 'select id, name from customers where email = $1',
        sets: [['User3@Example.org'], ['User19990@Example.org']],
        calls: 1_000,
      },
    ],
    wants: [['orders (customer_id)'], ['customers (email)']],
  },
  {
    name: 'readings written by the second and read once in a while',
    statements: [{ text: 'select avg(value) from readings where device_id = $1', sets: [[3], [200]], calls: 2 }],
    writes: `insert into readings (device_id, at, value) select n % 300, now(), n from generate_series(1, 40000) n`,
    wants: [],
  },
  {
    name: 'the same readings where they are read all the time',
    statements: [{ text: 'select * from readings where device_id = $1', sets: [[3], [200]], calls: 2_000 }],
    writes: `insert into readings (device_id, at, value) select n % 300, now(), n from generate_series(1, 2000) n`,
    wants: [['readings (device_id)']],
  },
  {
    name: 'a counter that is updated without end and hardly ever searched',
    setup: 'alter table jobs set (fillfactor = 50); vacuum full jobs; vacuum analyze jobs',
    statements: [
      {
        text: 'select id from jobs where attempts = $1 and run_at > $2 limit 20',
        sets: [
          [9, '2025-01-01 00:00+00'],
          [8, '2025-01-01 00:00+00'],
        ],
        calls: 2,
      },
      { text: 'update jobs set attempts = attempts + 1 where id = $1', sets: [[1], [50_000]], calls: 2 },
    ],
    writes: `do $$ begin for turn in 1..30 loop
      update jobs set attempts = attempts + 1 where id % 60 = turn; commit; end loop; end $$`,
    wants: [],
  },
  {
    name: 'a statement with a hundredth of a per cent of the time',
    statements: [
      { text: 'select id from orders where customer_id = $1', sets: [[7], [19_000]], calls: 1 },
      { text: 'select count(*) from order_items', calls: 5_000 },
    ],
    wants: [],
  },
]

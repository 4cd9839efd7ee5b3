/** Section 11.4: the order of the index is the order of the answer. */
import type { IndexCase } from '../case.ts'

export const order: readonly IndexCase[] = [
  {
    name: 'the newest orders',
    statements: [{ text: 'select id, total from orders order by created_at desc limit 20' }],
    wants: [['orders (created_at)', 'orders (created_at desc)']],
  },
  {
    name: 'the dearest orders, in no order of their own on the disk',
    statements: [{ text: 'select id, total from orders order by total desc limit 10' }],
    wants: [['orders (total)', 'orders (total desc)']],
  },
  {
    name: 'the newest events of one account',
    statements: [
      {
        text: 'select id, kind, body from events where account_id = $1 order by created_at desc limit 10',
        sets: [[1], [250], [499]],
      },
    ],
    wants: [['events (account_id, created_at)', 'events (account_id, created_at desc)']],
  },
  {
    name: 'two sort keys in opposite directions',
    statements: [{ text: 'select id, payload from jobs order by priority desc, run_at limit 10' }],
    wants: [['jobs (priority desc, run_at)', 'jobs (priority, run_at desc)']],
  },
  {
    name: 'opposite directions are not served by an index of one direction',
    setup: 'create index on jobs (priority, run_at)',
    statements: [{ text: 'select id, payload from jobs order by priority desc, run_at limit 10' }],
    wants: [['jobs (priority desc, run_at)', 'jobs (priority, run_at desc)']],
  },
  {
    name: 'an equal column, then two keys in opposite directions',
    statements: [
      {
        text: 'select id, payload from jobs where queue = $1 order by priority desc, run_at limit 10',
        sets: [['q0'], ['q4']],
      },
    ],
    wants: [['jobs (queue, priority desc, run_at)', 'jobs (queue, priority, run_at desc)']],
  },
  {
    name: 'nulls last, which a descending index does not give by itself',
    statements: [{ text: 'select id, email from customers order by last_login desc nulls last limit 10' }],
    wants: [['customers (last_login desc nulls last)', 'customers (last_login nulls first)']],
  },
  {
    name: 'a page by key over two columns',
    statements: [
      {
        text: 'select id, total from orders where (total, id) < ($1, $2) order by total desc, id desc limit 20',
        sets: [
          [9_000, 500],
          [5_000, 500],
          [10, 59_000],
        ],
      },
    ],
    wants: [['orders (total, id)', 'orders (total desc, id desc)', 'orders (total)', 'orders (total desc)']],
  },
  {
    name: 'the next jobs of a time that has come',
    statements: [
      {
        text: 'select id from jobs where queue = $1 and run_at > $2 order by run_at limit 5',
        sets: [
          ['q0', '2025-03-01 00:00+00'],
          ['q4', '2025-11-01 00:00+00'],
        ],
      },
    ],
    wants: [['jobs (queue, run_at)', 'jobs (queue, run_at desc)', 'jobs (run_at)']],
  },
  {
    name: 'the first pages, which all gain by the order of an index',
    statements: [{ text: 'select id, note from orders order by total limit 20 offset $1', sets: [[0], [20], [200]] }],
    wants: [['orders (total)', 'orders (total desc)']],
  },
  {
    name: 'the order of an expression',
    statements: [{ text: 'select id, name from customers order by lower(name) limit 10' }],
    wants: [['customers (lower(name))']],
  },
]

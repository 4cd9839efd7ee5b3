/** Section 11.7 and 11.10: expressions, and operators that need a class of their own. */
import type { IndexCase } from '../case.ts'

export const expressions: readonly IndexCase[] = [
  {
    name: 'an e-mail whatever its case',
    statements: [
      {
        text: 'select id from customers where lower(email) = $1',
        sets: [['user3@example.org'], ['user19990@example.org']],
      },
    ],
    wants: [['customers (lower(email))']],
  },
  {
    name: 'the parameter is lowered as well',
    statements: [
      {
        text: 'select id from customers where lower(email) = lower($1)',
        sets: [['User3@example.org'], ['User19990@example.org']],
      },
    ],
    wants: [['customers (lower(email))']],
  },
  {
    name: 'a field of a document',
    statements: [{ text: "select id from events where payload->>'order' = $1", sets: [['o7'], ['o29999']] }],
    wants: [["events ((payload ->> 'order'))"]],
  },
  {
    name: 'a number in a document',
    statements: [{ text: "select id from events where (payload->>'amount')::int > $1", sets: [[99_950], [99_990]] }],
    wants: [["events (((payload ->> 'amount')::int))"]],
  },
  {
    name: 'a day of a time without zone',
    statements: [
      {
        text: "select id, total from orders where date_trunc('day', placed_on) = $1",
        sets: [['2024-03-01 00:00'], ['2024-06-01 00:00']],
      },
    ],
    wants: [["orders (date_trunc('day', placed_on))"]],
  },
  {
    name: 'a day in a zone that is named',
    statements: [
      {
        text: "select id from events where date_trunc('day', created_at at time zone 'UTC') = $1",
        sets: [['2025-01-09 00:00'], ['2025-01-29 00:00']],
      },
    ],
    wants: [["events (date_trunc('day', created_at at time zone 'UTC'))"]],
  },
  {
    name: 'a number that is compared as text and has no index',
    statements: [{ text: 'select id, total from orders where customer_id::text = $1', sets: [['7'], ['19000']] }],
    wants: [['orders ((customer_id::text))', 'orders (customer_id)']],
  },
  {
    name: 'the end of a number',
    statements: [{ text: 'select id from customers where right(phone, 5) = $1', sets: [['03007'], ['19990']] }],
    wants: [['customers ("right"(phone, 5))']],
  },
  {
    name: 'a default for what is missing',
    statements: [
      { text: "select id from customers where coalesce(phone, '') = $1", sets: [['+49 100007'], ['+49 119990']] },
    ],
    wants: [["customers (coalesce(phone, ''))"]],
  },
  {
    name: 'two columns put together',
    statements: [{ text: "select id from orders where status || '/' || note = $1", sets: [['pending/x'], ['paid/y']] }],
    wants: [["orders ((status || '/' || note))"]],
  },
  {
    name: 'an expression and a column',
    statements: [
      {
        text: "select id from events where payload->>'order' = $1 and account_id = $2",
        sets: [
          ['o7', 4],
          ['o29999', 400],
        ],
      },
    ],
    wants: [
      [
        "events ((payload ->> 'order'))",
        "events ((payload ->> 'order'), account_id)",
        "events (account_id, (payload ->> 'order'))",
      ],
    ],
  },
  {
    name: 'the beginning of a name',
    statements: [{ text: 'select id, name from customers where name like $1', sets: [['c4ca%'], ['eccb%']] }],
    wants: [['customers (name text_pattern_ops)', 'customers (name)']],
  },
  {
    name: 'an expression in a condition that is always the same',
    statements: [
      {
        text: "select id from jobs where state = 'queued' and lower(queue) = $1",
        sets: [['q0'], ['q4']],
      },
    ],
    wants: [
      [
        "jobs (lower(queue)) where state = 'queued'",
        "jobs (state) where state = 'queued'",
        'jobs (state, lower(queue))',
        'jobs (lower(queue), state)',
        'jobs (state)',
      ],
    ],
  },
]

/** Section 11.8: an index over the few rows anybody asks for. */
import type { IndexCase } from '../case.ts'

export const partial: readonly IndexCase[] = [
  {
    name: 'the next queued jobs, one in a hundred',
    statements: [
      {
        text: "select id, payload from jobs where state = 'queued' order by priority desc, run_at limit 10",
        calls: 500,
      },
    ],
    wants: [
      [
        "jobs (priority desc, run_at) where state = 'queued'",
        "jobs (priority, run_at desc) where state = 'queued'",
        "jobs (run_at) where state = 'queued'",
      ],
    ],
  },
  {
    name: 'queued jobs of one queue',
    statements: [
      {
        text: "select id, payload from jobs where state = 'queued' and queue = $1 order by run_at limit 10",
        sets: [['q0'], ['q2'], ['q4']],
      },
    ],
    wants: [
      [
        "jobs (queue, run_at) where state = 'queued'",
        "jobs (run_at) where state = 'queued'",
        "jobs (queue) where state = 'queued'",
      ],
    ],
  },
  {
    name: 'what is not done yet',
    statements: [{ text: "select id, payload from jobs where state <> 'done' order by run_at limit 10", calls: 500 }],
    wants: [["jobs (run_at) where state <> 'done'"]],
  },
  {
    name: 'pending orders of a time',
    statements: [
      {
        text: "select id, total from orders where status = 'pending' and total > $1",
        sets: [[9_900], [9_500]],
      },
    ],
    wants: [["orders (total) where status = 'pending'", 'orders (status, total)']],
  },
  {
    name: 'how many are pending',
    statements: [{ text: "select count(*) from orders where status = 'pending'", calls: 400 }],
    wants: [["orders (status) where status = 'pending'", "orders (id) where status = 'pending'", 'orders (status)']],
  },
  {
    name: 'unread messages, one in fifty',
    statements: [
      { text: 'select id, body from messages where recipient_id = $1 and not read', sets: [[1], [100], [199]] },
    ],
    wants: [
      ['messages (recipient_id) where not read', 'messages (recipient_id, read)', 'messages (read, recipient_id)'],
    ],
  },
  {
    name: 'unread messages as a comparison',
    statements: [
      { text: 'select id, body from messages where recipient_id = $1 and read = false', sets: [[1], [100], [199]] },
    ],
    wants: [
      [
        'messages (recipient_id) where not read',
        'messages (recipient_id) where read = false',
        'messages (recipient_id, read)',
        'messages (read, recipient_id)',
      ],
    ],
  },
  {
    name: 'a condition that nearly all rows meet is not worth a part',
    statements: [
      {
        text: 'select id, name from customers where email = $1 and deleted_at is null',
        sets: [['User3@Example.org'], ['User19990@Example.org']],
      },
    ],
    wants: [['customers (email)']],
  },
  {
    name: 'a value that the application writes into the text is no constant',
    statements: [
      {
        text: [
          "select id from orders where status = 'pending' and total > 9900",
          "select id from orders where status = 'cancelled' and total > 9900",
          "select id from orders where status = 'paid' and total > 9990",
        ],
      },
    ],
    wants: [['orders (status, total)', 'orders (total)']],
  },
  {
    name: 'several values that are rare together',
    statements: [
      {
        text: "select id, payload from jobs where state in ('queued', 'running') order by run_at limit 20",
        calls: 500,
      },
    ],
    wants: [["jobs (run_at) where state in ('queued', 'running')"]],
  },
  {
    name: 'one index on all values serves questions about different ones',
    statements: [
      { text: "select id from orders where status = 'pending' and customer_id = $1", sets: [[3], [18_000]] },
      { text: "select id from orders where status = 'paid' and customer_id = $1", sets: [[3], [18_000]] },
    ],
    wants: [['orders (customer_id)']],
  },
]

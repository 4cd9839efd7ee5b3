/** Pages from 100,000 rows deep on, newest first, ties by id: OFFSET walks to them, a key of two columns goes straight there. */
import { contractChange, defineExperiment, spread } from '../define.ts'

const rows = 500_000
const first = 100_000
// The n-th row from the newest on: two rows a second, so that the key needs its second column.
const pages = spread(250_000, at => {
  const depth = first + at
  const id = rows - depth + 1
  return `/events?offset=${depth}&at=${Math.ceil(id / 2)}&id=${id}`
})

interface Page {
  readonly Querystring: { readonly offset: string; readonly at: string; readonly id: string }
}

export const experiment = defineExperiment({
  practice: 'keyset-pagination',
  database: `
    CREATE TABLE events (id int PRIMARY KEY, at int NOT NULL, note text NOT NULL);
    -- In no order on disk, as after years of updates.
    INSERT INTO events SELECT n, (n + 1) / 2, repeat('x', 200) FROM generate_series(1, ${rows}) n ORDER BY md5(n::text);
    CREATE INDEX events_at_id_idx ON events (at, id)`,
  requests: [{ route: 'GET /events', paths: pages }],
  load: { ratePerSecond: 4, durationMs: 8_000 },
  before: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get<Page>('/events', async ({ query }) => {
        const sql = 'SELECT id, at, note FROM events ORDER BY at DESC, id DESC LIMIT 20 OFFSET $1'
        return (await pool.query(sql, [query.offset])).rows
      })
    },
  },
  after: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get<Page>('/events', async ({ query }) => {
        const sql = 'SELECT id, at, note FROM events WHERE (at, id) < ($1, $2) ORDER BY at DESC, id DESC LIMIT 20'
        return (await pool.query(sql, [query.at, query.id])).rows
      })
    },
  },
  answer: contractChange('a page is named by the key before it instead of by how many rows precede it'),
  expects: { metric: 'p50', atLeast: 20 },
})

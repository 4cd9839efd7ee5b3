/** Pages from 100,000 rows deep on, newest first, ties by id: OFFSET walks to them, a signed cursor of the runtime goes straight there. */
import { keyset, Pool, type Queryable } from '@whetstone/runtime/data'
import { defineExperiment, spread } from '../define.ts'

const rows = 500_000
const first = 100_000
const newestFirst = keyset({
  select: 'SELECT id, at, note FROM events',
  order: [
    { column: 'at', descending: true, nulls: 'none' },
    { column: 'id', descending: true, nulls: 'none' },
  ],
  keys: ['signs nothing but these pages'],
})

/** As a reader of the list brings it, who has read as far as this row: asked of a list of two rows that begins with it. */
async function cursorAfter(at: number, id: number): Promise<string> {
  const list = [id, id - 1].map(one => ({ id: one, at, __position: [String(at), String(one)] }))
  const db: Queryable = {
    query: async () => ({ rows: list as never[], rowCount: 2, command: 'SELECT', oid: 0, fields: [] }),
  }
  return (await newestFirst(db, { size: 1 })).next ?? ''
}

// The n-th row from the newest on: two rows a second, so that the key needs its second column.
const pages = await Promise.all(
  spread(250_000, at => String(first + at)).map(async depth => {
    const id = rows - Number(depth) + 1
    return `/events?offset=${depth}&after=${await cursorAfter(Math.ceil(id / 2), id)}`
  }),
)

interface Page {
  readonly Querystring: { readonly offset: string; readonly after: string }
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
    app(server, { connectionString }) {
      const pool = new Pool({ connectionString, max: 10 })
      server.get<Page>('/events', async ({ query }) => {
        const { rows: page } = await newestFirst(pool, { size: 20, after: query.after })
        return page
      })
    },
  },
  // What changes is how a page is asked for; here both arms are told both.
  answer: 'same',
  expects: { metric: 'p50', atLeast: 20 },
})

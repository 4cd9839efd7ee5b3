/** Three queries of 40 ms that know nothing of each other, one after another and together. */
import { defineExperiment, spread } from '../define.ts'

// The sleep stands for a statement that waits for a disk.
const parts = ['orders', 'offers', 'messages'].map(
  table => `SELECT (SELECT count(*) FROM ${table}) AS ${table}, pg_sleep(0.04)::text AS slept`,
)

export const experiment = defineExperiment({
  practice: 'sequential-independent-queries',
  database: `
    CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, 200) n;
    CREATE TABLE offers AS SELECT n AS id FROM generate_series(1, 300) n;
    CREATE TABLE messages AS SELECT n AS id FROM generate_series(1, 400) n`,
  requests: [{ route: 'GET /start', paths: spread(1_000, id => `/start?user=${id}`) }],
  load: { ratePerSecond: 15, durationMs: 8_000 },
  before: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get('/start', async () => {
        const answers = []
        for (const sql of parts) answers.push((await pool.query(sql)).rows)
        return answers
      })
    },
  },
  after: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get('/start', async () => Promise.all(parts.map(async sql => (await pool.query(sql)).rows)))
    },
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 2 },
})

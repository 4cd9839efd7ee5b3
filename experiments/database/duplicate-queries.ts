/** The user of a request loaded by every part that wants to know who asks, against one promise for the request. */
import { defineExperiment, spread } from '../define.ts'

interface User {
  readonly id: number
  readonly name: string
}

const sql = 'SELECT id, name FROM users WHERE id = $1'

export const experiment = defineExperiment({
  practice: 'duplicate-queries',
  database: `
    CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO users SELECT n, 'user ' || n FROM generate_series(1, 20000) n`,
  requests: [{ route: 'GET /users/:id/card', paths: spread(20_000, id => `/users/${id}/card`) }],
  load: { ratePerSecond: 30, durationMs: 8_000 },
  before: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      const load = async (id: string) => (await pool.query<User>(sql, [id])).rows[0]
      server.get<{ Params: { id: string } }>('/users/:id/card', async request => {
        const parts = []
        for (const part of ['name', 'price', 'basket', 'greeting', 'menu', 'footer', 'badge', 'theme'])
          parts.push(`${part} of ${(await load(request.params.id))?.name}`)
        return parts
      })
    },
  },
  after: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      const load = async (id: string) => (await pool.query<User>(sql, [id])).rows[0]
      server.get<{ Params: { id: string } }>('/users/:id/card', async request => {
        const user = load(request.params.id)
        const parts = []
        for (const part of ['name', 'price', 'basket', 'greeting', 'menu', 'footer', 'badge', 'theme'])
          parts.push(`${part} of ${(await user)?.name}`)
        return parts
      })
    },
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 2 },
})

/** Profiles that are read as soon as they are changed: a write that deletes the key, against one that sets it to the row it wrote. */
import { Redis } from 'ioredis'
import type { ArmContext, ExperimentArm } from '../define.ts'
import { defineDrill } from '../define.ts'

interface Profile {
  readonly id: number
  readonly name: string
}
type Written = (redis: Redis, key: string, profile: Profile | undefined) => Promise<unknown>

const users = 12

const profiles =
  (written: Written): ExperimentArm['app'] =>
  (server, { pg, connectionString, redisUrl = '' }: ArmContext) => {
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
    const redis = new Redis(redisUrl, { maxRetriesPerRequest: 1, commandTimeout: 500 })
    server.addHook('onClose', () => redis.disconnect())
    // The sleep stands for a database that is not on the same machine.
    const sql = 'SELECT id, name, pg_sleep(0.003)::text AS pause FROM users WHERE id = $1'
    server.get<{ Params: { id: string } }>('/users/:id', async ({ params: { id } }) => {
      const known = await redis.get(`user:${id}`)
      if (known !== null) return JSON.parse(known) as Profile
      const { rows } = await pool.query<Profile>(sql, [id])
      await redis.set(`user:${id}`, JSON.stringify(rows[0] ?? null), 'EX', 60)
      return rows[0]
    })
    server.put<{ Params: { id: string }; Querystring: { name: string } }>('/users/:id', async request => {
      const { id } = request.params
      const update = 'UPDATE users SET name = $2 WHERE id = $1 RETURNING id, name'
      const { rows } = await pool.query<Profile>(update, [id, request.query.name])
      await written(redis, `user:${id}`, rows[0])
      return rows[0]
    })
  }

const paths = (of: (id: number) => string) => Array.from({ length: users }, (_, at) => of(1 + ((at * 5) % users)))

export const experiment = defineDrill({
  practice: 'write-through',
  redis: true,
  database: `
    CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO users SELECT n, 'user ' || n FROM generate_series(1, ${users}) n`,
  requests: [
    { route: 'PUT /users/:id', paths: paths(id => `/users/${id}?name=user${id}`), method: 'PUT', weight: 1 },
    { route: 'GET /users/:id', paths: paths(id => `/users/${id}`), weight: 2 },
    { route: 'GET /users/:id', paths: paths(id => `/users/${id}`), weight: 2 },
  ],
  load: { ratePerSecond: 80, durationMs: 8_000 },
  before: { app: profiles((redis, key) => redis.del(key)) },
  after: { app: profiles((redis, key, profile) => redis.set(key, JSON.stringify(profile ?? null), 'EX', 60)) },
  drill: 'misses',
  expects: { atLeast: 5 },
})

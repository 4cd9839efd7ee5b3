/** Every request reads its session and prolongs it: a row that each of them commits, against one command to Redis. */
import { Sessions } from '@whetstone/runtime/redis'
import { Redis } from 'ioredis'
import { defineExperiment } from '../define.ts'
import type { ArmContext, ExperimentArm } from '../define.ts'

const ids = Array.from({ length: 60 }, (_, index) => index + 1)

interface Visitor {
  readonly user: number
  readonly seen: string
}

/** Sessions carry things along: where one came from, what one looked at. */
const seenBytes = 640
const seen = 'x'.repeat(seenBytes)

/** The user of a session, and that it lives on. */
type UserOf = (session: number) => Promise<number>

const shop =
  (
    open: (context: ArmContext, pool: InstanceType<ArmContext['pg']['Pool']>) => Promise<UserOf> | UserOf,
  ): ExperimentArm['app'] =>
  async (server, context) => {
    const pool = new context.pg.Pool({
      connectionString: context.connectionString,
      max: 10,
      connectionTimeoutMillis: 5_000,
    })
    const userOf = await open(context, pool)
    for (const table of ['carts', 'orders'])
      server.get<{ Params: { visitor: string } }>(`/${table}/:visitor`, async request => {
        const user = await userOf(Number(request.params.visitor))
        const { rows } = await pool.query(`SELECT id, total FROM ${table} WHERE user_id = $1 ORDER BY id LIMIT 10`, [
          user,
        ])
        return rows
      })
  }

const table = (name: string) => `
  CREATE TABLE ${name} (id int PRIMARY KEY, user_id int NOT NULL, total int NOT NULL);
  INSERT INTO ${name} SELECT n, 1 + n % 60, n % 97 FROM generate_series(1, 6000) n;
  CREATE INDEX ON ${name} (user_id);`

export const experiment = defineExperiment({
  practice: 'redis-uses',
  database: `
    ${table('carts')} ${table('orders')}
    CREATE TABLE sessions (sid text PRIMARY KEY, data jsonb NOT NULL, expires_at timestamptz NOT NULL);
    INSERT INTO sessions
      SELECT 'session ' || n, jsonb_build_object('user', n, 'seen', repeat('x', ${seenBytes})), now() + interval '1 day'
      FROM generate_series(1, 5000) n;
    -- By which the ended ones are found: each prolongation writes it too.
    CREATE INDEX ON sessions (expires_at)`,
  requests: ['carts', 'orders'].map(name => ({
    route: `GET /${name}/:visitor`,
    paths: ids.map(id => `/${name}/${id}`),
  })),
  load: { ratePerSecond: 60, durationMs: 8_000 },
  // A login that is answered must not be forgotten by a crash.
  durable: true,
  redis: true,
  before: {
    app: shop((_, pool) => async session => {
      const sid = `session ${session}`
      const { rows } = await pool.query<{ data: { user: number } }>('SELECT data FROM sessions WHERE sid = $1 AND expires_at > now()', [sid]) // prettier-ignore
      await pool.query(`UPDATE sessions SET expires_at = now() + interval '30 minutes' WHERE sid = $1`, [sid])
      return rows[0]!.data.user
    }),
  },
  after: {
    app: shop(async ({ redisUrl = '' }) => {
      const sessions = new Sessions<Visitor>(new Redis(redisUrl, { lazyConnect: redisUrl === '' }), {
        secrets: ['a secret of an experiment, of 32 characters'],
      })
      const made = new Map<number, string>()
      // The browsers' cookies, in the order of the users.
      if (redisUrl !== '') for (const id of ids) made.set(id, (await sessions.create({ user: id, seen })).id)
      return async session => (await sessions.get(made.get(session) ?? ''))!.data.user
    }),
  },
  answer: 'same',
  // Spared are a commit and a round trip. The page itself costs both arms the same, and that is half of it where the disk is fast.
  expects: { metric: 'p50', atLeast: 1.25 },
})

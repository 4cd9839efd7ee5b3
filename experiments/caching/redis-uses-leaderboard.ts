/** The best twenty of a hundred thousand players, sorted anew for every reader while scores come in, against a sorted set beside the table. */
import { Leaderboard } from '@whetstone/runtime/redis'
import { Redis } from 'ioredis'
import { defineExperiment } from '../define.ts'
import type { ArmContext, ExperimentArm } from '../define.ts'

const players = 100_000
const shown = 20

interface Best {
  readonly player: string
  readonly score: number
}

/** Both arms keep the scores in the table, where they last; they differ in who knows the order. */
interface Ranks {
  readonly best: () => Promise<readonly Best[]>
  readonly submit: (player: string, score: number) => Promise<unknown>
}

type Pool = InstanceType<ArmContext['pg']['Pool']>

const game =
  (ranksOf: (context: ArmContext, pool: Pool) => Promise<Ranks> | Ranks): ExperimentArm['app'] =>
  async (server, context) => {
    const { connectionString, pg } = context
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
    const { best, submit } = await ranksOf(context, pool)
    server.get('/best', best)
    server.put<{ Params: { id: string }; Querystring: { score: string } }>('/players/:id', async request => {
      const [id, score] = [request.params.id, Number(request.query.score)]
      await pool.query('UPDATE players SET score = $2 WHERE id = $1', [id, score])
      await submit(id, score)
      return { id }
    })
  }

async function boardOf(client: Redis, pool: Pool): Promise<Leaderboard> {
  const board = new Leaderboard(client, { key: 'board', keep: 'last' })
  if ((await board.size()) === players) return board
  const { rows } = await pool.query<{ id: number; score: number }>('SELECT id, score FROM players')
  for (let from = 0; from < rows.length; from += 1_000)
    await Promise.all(rows.slice(from, from + 1_000).map(({ id, score }) => board.submit(String(id), score)))
  return board
}

/** All scores differ, and are what they were: so that both arms know the same order at all times. */
const scoreOf = (id: number): number => (id * 7_919) % 1_000_003

const submissions = Array.from({ length: 60 }, (_, at) => 1 + at * 991)

export const experiment = defineExperiment({
  practice: 'redis-uses',
  database: `
    CREATE TABLE players (id int PRIMARY KEY, score int NOT NULL);
    INSERT INTO players SELECT n, (n::bigint * 7919) % 1000003 FROM generate_series(1, ${players}) n`,
  requests: [
    { route: 'GET /best', paths: ['/best'], weight: 1 },
    {
      route: 'PUT /players/:id',
      paths: submissions.map(id => `/players/${id}?score=${scoreOf(id)}`),
      method: 'PUT',
      weight: 2,
    },
  ],
  load: { ratePerSecond: 60, durationMs: 8_000 },
  redis: true,
  before: {
    app: game((_, pool) => ({
      best: async () => {
        // An index on the score would answer this too, and be written with every one of them; `missing-index` says so first.
        const { rows } = await pool.query<{ id: number; score: number }>(
          'SELECT id, score FROM players ORDER BY score DESC LIMIT $1',
          [shown],
        )
        return rows.map(({ id, score }) => ({ player: String(id), score }))
      },
      submit: async () => {},
    })),
  },
  after: {
    app: game(async ({ redisUrl = '' }, pool) => {
      const client = new Redis(redisUrl)
      const board = await boardOf(client, pool)
      return {
        best: async () => (await board.top(shown)).map(({ member, score }) => ({ player: member, score })),
        submit: (player, score) => board.submit(player, score),
      }
    }),
  },
  answer: 'same',
  expects: { metric: 'p50', route: 'GET /best', atLeast: 3 },
})

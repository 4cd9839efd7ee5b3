/** Greetings kept in Redis: by a client that is made, asked and closed for each request, against one that the process keeps. */
import { Redis } from 'ioredis'
import type { ArmContext, ExperimentArm } from '../define.ts'
import { defineExperiment, spread } from '../define.ts'

type Ask = (key: string) => Promise<string | null>

const greetings =
  (asking: (redisUrl: string) => Ask): ExperimentArm['app'] =>
  async (server, { redisUrl = '' }: ArmContext) => {
    const filling = new Redis(redisUrl)
    for (let id = 1; id <= 500; id++) await filling.set(`greeting:${id}`, `hello ${id}`)
    await filling.quit()
    const ask = asking(redisUrl)
    server.get<{ Params: { id: string } }>('/greetings/:id', async ({ params: { id } }) => ({
      text: await ask(`greeting:${id}`),
    }))
  }

export const experiment = defineExperiment({
  practice: 'in-memory-store',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /greetings/:id', paths: spread(500, id => `/greetings/${id}`) }],
  load: { ratePerSecond: 60, durationMs: 8_000 },
  redis: true,
  before: {
    app: greetings(redisUrl => async key => {
      const redis = new Redis(redisUrl)
      try {
        return await redis.get(key)
      } finally {
        await redis.quit()
      }
    }),
  },
  after: {
    app: greetings(redisUrl => {
      const redis = new Redis(redisUrl)
      return key => redis.get(key)
    }),
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 1.5 },
})

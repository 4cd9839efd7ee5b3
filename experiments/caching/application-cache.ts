/** Settings of forty kilobytes, fetched from Redis and parsed for every request, against a copy in the process that is a second old at most. */
import { Cache } from '@whetstone/runtime/cache'
import { Redis } from 'ioredis'
import type { ArmContext, ExperimentArm } from '../define.ts'
import { defineExperiment, spread } from '../define.ts'

type Settings = readonly { readonly name: string; readonly value: string }[]
type Fetch = () => Promise<Settings>

const settings: Settings = Array.from({ length: 500 }, (_, at) => ({ name: `setting-${at}`, value: 'x'.repeat(50) }))

const front =
  (keep: (fetch: Fetch) => Fetch): ExperimentArm['app'] =>
  async (server, { redisUrl = '' }: ArmContext) => {
    const redis = new Redis(redisUrl)
    await redis.set('settings', JSON.stringify(settings))
    const read = keep(async () => JSON.parse((await redis.get('settings')) ?? '[]') as Settings)
    server.get<{ Params: { id: string } }>('/settings/:id', async ({ params: { id } }) => (await read())[Number(id)])
  }

export const experiment = defineExperiment({
  practice: 'application-cache',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /settings/:id', paths: spread(499, id => `/settings/${id}`) }],
  load: { ratePerSecond: 120, durationMs: 8_000 },
  redis: true,
  before: { app: front(fetch => fetch) },
  after: {
    app: front(fetch => {
      const near = new Cache({ name: 'settings', maxEntries: 100, defaults: { ttlMs: 1_000 } })
      return () => near.getOrLoad('settings', fetch)
    }),
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 1.2 },
})

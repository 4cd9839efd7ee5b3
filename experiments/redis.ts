/** A Redis for each arm, so that neither finds what the other has put there. */
import { available, startRedis, type RedisServer } from '@whetstone/sandbox'
import { Redis } from 'ioredis'
import type { ArmName } from './arms.ts'
import type { Arms } from './define.ts'

/** Each is put into `started` as soon as it runs. @throws Error where no redis-server is installed */
export async function startRedisOfArms(arms: Arms, started: Partial<Record<ArmName, RedisServer>>): Promise<void> {
  for (const arm of ['before', 'after'] as const) {
    // Never the one the user named: it is set, filled and paused here.
    const server = available(await startRedis({ ...process.env, WHETSTONE_REDIS_URL: '' }))
    started[arm] = server
    await withRedis(server.url, async client => {
      for (const [name, value] of Object.entries(arms[arm].redis ?? {})) await client.config('SET', name, value)
    })
  }
}

/** A client for as long as it is used. */
export async function withRedis<Result>(url: string, use: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis(url, { maxRetriesPerRequest: 1 })
  try {
    return await use(client)
  } finally {
    client.disconnect()
  }
}

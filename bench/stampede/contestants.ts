/** The caches of the contest, over one Redis, set up as their manuals say for it. */
import { Cache } from '@whetstone/runtime/cache'
import { redisShared } from '@whetstone/runtime/cache/redis'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import { Redis } from 'ioredis'

export interface Asking {
  readonly key: string
  readonly ttlMs: number
  /** How long an old answer may be served while it is loaded anew; 0: callers wait. */
  readonly staleMs: number
}

export interface Contestant {
  ask(asking: Asking, load: () => Promise<string>): Promise<unknown>
}

export type ContestantName = 'ours' | 'bentocache'

export const contestants: Readonly<Record<ContestantName, (port: number, timeoutMs?: number) => Promise<Contestant>>> =
  {
    async ours(port, timeoutMs) {
      const shared = { ...redisShared(new Redis(port)), ...(timeoutMs !== undefined && { timeoutMs }) }
      const cache = new Cache({ shared, defaults: { jitterFraction: 0 } })
      await cache.ready()
      return {
        // A key that is to end at a given moment must not be loaded before it.
        ask: ({ key, ttlMs, staleMs }, load) =>
          cache.getOrLoad(key, load, {
            ttlMs,
            staleWhileRevalidateMs: staleMs,
            ...(staleMs === 0 && { earlyBeta: 0 }),
          }),
      }
    },
    async bentocache(port) {
      const connection = { host: '127.0.0.1', port }
      const bento = new BentoCache({
        default: 'cache',
        stores: {
          cache: bentostore()
            .useL1Layer(memoryDriver({ maxItems: 10_000 }))
            .useL2Layer(redisDriver({ connection }))
            .useBus(redisBusDriver({ connection })),
        },
      })
      return {
        ask: ({ key, ttlMs, staleMs }, factory) =>
          bento.getOrSet({
            key,
            factory,
            ttl: ttlMs,
            ...(staleMs > 0 ? { grace: staleMs, timeout: 0 } : { grace: false }),
          }),
      }
    },
  }

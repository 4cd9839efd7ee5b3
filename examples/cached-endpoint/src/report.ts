/** The slow answer, and its two caches: as it is often written, and as `@whetstone/runtime` has it. */
import { Cache, cached } from '@whetstone/runtime/cache'
import { redisShared } from '@whetstone/runtime/cache/redis'
import type { Service } from '@whetstone/runtime'
import type { Redis } from 'ioredis'
import type { Pool } from 'pg'

/** The day's report as JSON text. */
export type Report = Service<number, string>

export interface CachedReport {
  readonly report: Report
  /** Of the calls so far, those that did not wait for the database; 0 to 1. */
  hitFraction(): number
  close(): Promise<void>
}

/** @param onQuery called for each query that the database gets */
export function fromDatabase(pool: Pool, onQuery: () => void): Report {
  return async day => {
    onQuery()
    const { rows } = await pool.query(
      `SELECT region, count(*) AS orders, sum(total) AS total, percentile_cont(0.95) WITHIN GROUP (ORDER BY total) AS p95
       FROM orders WHERE day = $1 GROUP BY region ORDER BY region`,
      [day],
    )
    return JSON.stringify(rows)
  }
}

/** Look, else ask and keep. Correct, and at the end of a popular answer everybody asks at once. */
export function byHand(ask: Report, redis: Redis, prefix: string, ttlMs: number): CachedReport {
  let calls = 0
  let hits = 0
  return {
    async report(day) {
      const key = `${prefix}:report:${day}`
      calls++
      const kept = await redis.get(key)
      if (kept !== null) {
        hits++
        return kept
      }
      const answer = await ask(day)
      await redis.set(key, answer, 'PX', ttlMs)
      return answer
    },
    hitFraction: () => hits / calls,
    close: async () => {},
  }
}

/** Memory before Redis, one load for all processes, and at the end of an answer the old one is served while one of them asks. */
export function byRuntime(ask: Report, redis: Redis, prefix: string, ttlMs: number): CachedReport {
  const cache = new Cache({ name: 'reports', shared: redisShared(redis, { prefix }) })
  const policy = { ttlMs, staleWhileRevalidateMs: 10 * ttlMs, staleIfErrorMs: 60 * ttlMs }
  return {
    report: cached<number, string>({ cache, key: day => `report:${day}`, ...policy })(ask),
    hitFraction() {
      const { hit, early, stale, miss, tierHit } = cache.counts
      return (hit + early + stale + tierHit) / (hit + early + stale + miss)
    },
    close: () => cache.close(),
  }
}

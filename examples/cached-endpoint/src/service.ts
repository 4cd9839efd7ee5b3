/** The API: `GET /reports/:day`, with the cache of a rung in front of its database. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { byHand, byRuntime, type CachedReport, fromDatabase } from './report.ts'
import type { CacheKind } from './rungs.ts'

export interface ServiceOptions {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly cache: CacheKind
  /** Of the keys in Redis. */
  readonly prefix: string
  readonly ttlMs: number
}

export interface ReportService {
  readonly port: number
  /** Since it was made, or counted last: how many requests came, and how many queries the database got for them. */
  takeCounts(): { readonly requests: number; readonly queries: number }
  hitFraction(): number
  close(): Promise<void>
}

const connections = 8

export async function startService(options: ServiceOptions): Promise<ReportService> {
  const { databaseUrl, redisUrl, cache, prefix, ttlMs } = options
  const pool = new Pool({ connectionString: databaseUrl, max: connections })
  const redis = new Redis(redisUrl)
  const counts = { requests: 0, queries: 0 }
  const ask = fromDatabase(pool, () => counts.queries++)
  const front: CachedReport =
    cache === 'none'
      ? { report: ask, hitFraction: () => 0, close: async () => {} }
      : (cache === 'by hand' ? byHand : byRuntime)(ask, redis, `${prefix}:${cache}`, ttlMs)
  const server = createServer((request, response) => {
    const day = /^\/reports\/(\d+)$/.exec(request.url ?? '')?.[1]
    if (day === undefined) return void response.writeHead(404).end()
    counts.requests++
    front.report(Number(day)).then(
      body => response.setHeader('content-type', 'application/json').end(body),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  return {
    port: (server.address() as AddressInfo).port,
    takeCounts() {
      const taken = { ...counts }
      Object.assign(counts, { requests: 0, queries: 0 })
      return taken
    },
    hitFraction: () => front.hitFraction(),
    async close() {
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
      await front.close()
      redis.disconnect()
      await pool.end()
    },
  }
}

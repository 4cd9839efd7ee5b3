/** What happens when a popular answer ends under load: everybody asks for it in that moment, again and again. */
import { get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { pathOf } from './climb.ts'
import type { CacheKind } from './rungs.ts'
import { startService } from './service.ts'

export interface Expiries {
  readonly cache: CacheKind
  readonly queriesPerExpiry: number
  readonly p50Ms: number
  /** Of the answer that somebody waited for longest, over all expiries. */
  readonly longestMs: number
}

export interface ExpiryOptions {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly cache: CacheKind
  readonly ttlMs: number
  readonly callers: number
  readonly expiries: number
}

export async function expireUnderLoad(options: ExpiryOptions): Promise<Expiries> {
  const { cache, ttlMs, callers, expiries } = options
  const service = await startService({ ...options, prefix: 'expiry' })
  try {
    const ask = (): Promise<number> => answerMs(service.port, pathOf(0))
    const answersMs: number[] = []
    await ask()
    service.takeCounts()
    for (let expiry = 0; expiry < expiries; expiry++) {
      // Nobody asks until it is over, so that nothing is loaded early: the worst moment there is.
      await delay(ttlMs * 1.05)
      answersMs.push(...(await Promise.all(Array.from({ length: callers }, ask))))
    }
    // What is loaded behind the callers is a query too.
    await delay(ttlMs / 2)
    answersMs.sort((one, other) => one - other)
    return {
      cache,
      queriesPerExpiry: service.takeCounts().queries / expiries,
      p50Ms: answersMs[answersMs.length >> 1]!,
      longestMs: answersMs.at(-1)!,
    }
  } finally {
    await service.close()
  }
}

async function answerMs(port: number, path: string): Promise<number> {
  const startedMs = performance.now()
  await new Promise<void>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, response => {
      response.resume().on('error', reject)
      response.on('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`${path} was answered with ${response.statusCode}`)),
      )
    }).on('error', reject)
  })
  return performance.now() - startedMs
}

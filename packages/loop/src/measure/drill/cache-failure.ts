/** The cache stands still for some seconds while the service is under load: whether it waits, fails, or goes on without. */
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { CacheFailureDrill, Workload } from '@whetstone/model'
import { connectForDrill } from '../redis/connect.ts'
import { drawReads } from './draw.ts'
import { phaseOf, type SentRequest, startStream } from './stream.ts'

export interface CacheFailureOptions {
  readonly baseUrl: string
  readonly redisUrl: string
  readonly workload: Workload
  readonly ratePerSecond: number
  readonly random: () => number
  /** Default 5 s. */
  readonly pausedMs?: number
  /** How long it is watched before, and after. Default 3 s. */
  readonly besideMs?: number
  readonly signal: AbortSignal
}

/**
 * Redis pauses by its own clock, so that it goes on also when nobody is left to tell it. Undefined where nothing may be repeated safely.
 * @throws WHET_DRILL_REFUSED, WHET_REDIS_UNREACHABLE
 */
export async function cacheFailureDrill(options: CacheFailureOptions): Promise<CacheFailureDrill | undefined> {
  const { baseUrl, redisUrl, workload, ratePerSecond, random, pausedMs = 5_000, besideMs = 3_000, signal } = options
  const draw = drawReads(workload, random)
  if (draw === undefined) return undefined
  const connection = await connectForDrill(redisUrl)
  const stream = startStream(baseUrl, draw, ratePerSecond)
  try {
    await delay(besideMs, undefined, { signal })
    const pausedAtMs = performance.now()
    await connection.pauseAll(pausedMs)
    await delay(pausedMs, undefined, { signal })
    const resumedAtMs = performance.now()
    await delay(besideMs, undefined, { signal })
    const sent = await stream.stop()
    const phases = (list: readonly SentRequest[]): Pick<CacheFailureDrill, 'before' | 'during' | 'after'> => ({
      // What was under way when it stopped had to wait for it as well.
      before: phaseOf(list.filter(one => one.endedAtMs < pausedAtMs)),
      during: phaseOf(list.filter(one => one.endedAtMs >= pausedAtMs && one.sentAtMs < resumedAtMs)),
      after: phaseOf(list.filter(one => one.sentAtMs >= resumedAtMs)),
    })
    const recoveredAfterMs = firstAnswerAfter(sent, resumedAtMs)
    return {
      kind: 'cache-failure',
      by: 'client-pause',
      pausedMs,
      ratePerSecond,
      ...phases(sent),
      routes: [...new Set(sent.map(({ route }) => route))].map(route => ({
        route,
        ...phases(sent.filter(one => one.route === route)),
      })),
      ...(recoveredAfterMs === undefined ? {} : { recoveredAfterMs }),
    }
  } finally {
    // Interrupted in between: the pause should not outlast us.
    await connection.resume().catch(() => undefined)
    connection.close()
    await stream.stop()
  }
}

function firstAnswerAfter(sent: readonly SentRequest[], resumedAtMs: number): number | undefined {
  const answered = sent.filter(({ sentAtMs, isFailed }) => sentAtMs >= resumedAtMs && !isFailed)
  return answered.length === 0 ? undefined : Math.min(...answered.map(({ endedAtMs }) => endedAtMs)) - resumedAtMs
}

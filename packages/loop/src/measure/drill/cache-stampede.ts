/** One hot key is taken away while many ask for it: how many requests load the same thing at the same time. */
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type CacheKeys,
  type CacheStampedeDrill,
  type CacheStampedeRound,
  type HotKey,
  maskSecrets,
  type TracesEvidence,
  type Workload,
} from '@whetstone/model'
import { keyHash } from '@whetstone/probe/key-template'
import type { ProbeReceiver } from '../probe/index.ts'
import { connectForDrill, type DrillConnection } from '../redis/connect.ts'
import type { Reply } from '../redis/resp.ts'
import { drawReads } from './draw.ts'
import { type DrillRequest, phaseOf, type SentRequest, startStream, type Stream } from './stream.ts'

export interface CacheStampedeOptions {
  readonly baseUrl: string
  readonly redisUrl: string
  readonly probe: Pick<ProbeReceiver, 'reset' | 'flush' | 'evidence'>
  /** Of the measured window: which keys are hot, and which requests read them. */
  readonly traces: TracesEvidence
  readonly workload: Workload
  readonly ratePerSecond: number
  readonly random: () => number
  /** Which kind of key; default the one whose hottest key is read most. */
  readonly keyTemplate?: string
  readonly signal: AbortSignal
}

const rounds = 3
const besideMs = 1_500
const mostRatePerSecond = 200
/** So many requests come in the time one load takes, up to the highest rate. */
const requestsInALoad = 10
const scansMost = 200
/** A key that ended is loaded by the first request that reads it: longer than any load that a client still waits for. */
const presentWithinMs = 5_000
/** Each look may be 200 scans. */
const looksEveryMs = 100

/**
 * The key comes back by itself: the next request loads it. In words why it was not carried out where no key is known to be
 * hot, nobody can tell which request reads it, or it is not in this cache although requests read it.
 * @throws WHET_DRILL_REFUSED, WHET_REDIS_UNREACHABLE
 */
export async function cacheStampedeDrill(options: CacheStampedeOptions): Promise<CacheStampedeDrill | string> {
  const { baseUrl, redisUrl, probe, traces, signal } = options
  const hot = hottest(traces, options.keyTemplate)
  if (hot === undefined) return 'no key is known that is read often'
  const { keyTemplate } = hot.keys
  const draw = requestsFor(hot.key, traces, options)
  if (draw === undefined)
    return `no GET was seen that reads the hottest key of ${keyTemplate}: only what is safe to repeat is sent`
  const connection = await connectForDrill(redisUrl)
  const ratePerSecond = rateFor(hot.keys, options.ratePerSecond)
  const stream = startStream(baseUrl, draw, ratePerSecond)
  try {
    const key = await present(connection, hot, signal)
    if (key === undefined) return await missingText(redisUrl, keyTemplate, stream)
    const takenAtMs: number[] = []
    const counted: CacheStampedeRound[] = []
    for (let round = 0; round < rounds; round++) {
      await delay(besideMs, undefined, { signal })
      await probe.reset()
      takenAtMs.push(performance.now())
      await connection.delete(key)
      const refilledAfterMs = await refilled(connection, key, signal)
      await delay(await lookMs(connection, key, besideMs - (refilledAfterMs ?? besideMs)), undefined, { signal })
      await probe.flush()
      counted.push(roundOf(probe.evidence().traces, hot.keys, refilledAfterMs))
    }
    const sent = await stream.stop()
    return {
      kind: 'cache-stampede',
      keyTemplate,
      ratePerSecond,
      rounds: counted,
      ...besideEachOther(sent, takenAtMs),
    }
  } finally {
    connection.close()
    await stream.stop()
  }
}

interface Hot {
  readonly keys: CacheKeys
  readonly key: HotKey
}

/** Of the keys that something loads: what nobody fills cannot be stampeded. */
function hottest({ cache }: TracesEvidence, template: string | undefined): Hot | undefined {
  return (cache?.keys ?? [])
    .filter(keys => keys.driver !== 'memjs' && (template === undefined || keys.keyTemplate === template))
    .flatMap(keys => keys.hot.slice(0, 1).map(key => ({ keys, key })))
    .toSorted((a, b) => b.key.reads - a.key.reads)[0]
}

/** A request that was seen to read this very key, or those of the routes that read its kind. */
function requestsFor(
  { keyHash: hash }: HotKey,
  traces: TracesEvidence,
  { workload, random }: CacheStampedeOptions,
): (() => DrillRequest) | undefined {
  const seen = traces.traces.find(
    ({ url, route, spans }) =>
      url !== undefined && route.startsWith('GET ') && spans.some(span => span.keyHash === hash),
  )
  if (seen?.url === undefined) return undefined
  const headers = workload.routes.find(({ route }) => route === seen.route)?.requests[0]?.headers ?? {}
  const request = { route: seen.route, method: 'GET', path: seen.url, headers }
  return drawReads({ routes: [{ route: seen.route, weight: 1, requests: [request] }], skipped: [] }, random)
}

function rateFor({ loads }: CacheKeys, usualPerSecond: number): number {
  const loadMs = loads.loads === 0 ? 0 : loads.totalMs / loads.loads
  const wanted = loadMs === 0 ? mostRatePerSecond : (requestsInALoad * 1_000) / loadMs
  return Math.max(Math.min(usualPerSecond, mostRatePerSecond), Math.min(mostRatePerSecond, wanted))
}

/** A key of two seconds has as a rule just ended when the stream begins: it is there once the first request loaded it. */
async function present(connection: DrillConnection, hot: Hot, signal: AbortSignal): Promise<string | undefined> {
  const startedAt = performance.now()
  do {
    const name = await nameOf(connection, hot)
    if (name !== undefined) return name
    await delay(looksEveryMs, undefined, { signal })
  } while (performance.now() - startedAt < presentWithinMs)
  return undefined
}

async function missingText(redisUrl: string, keyTemplate: string, stream: Stream): Promise<string> {
  const sent = await stream.stop()
  const failed = sent.filter(one => one.isFailed).length
  const requests = `${sent.length} requests that read it${failed === 0 ? '' : `, of which ${failed} failed`}`
  return `the hottest key of ${keyTemplate} was not in ${maskSecrets(redisUrl)} within ${presentWithinMs / 1_000} s and ${requests}`
}

/** A key that is short-lived ends again by itself: its next load belongs to no round. */
async function lookMs(connection: DrillConnection, key: string, mostMs: number): Promise<number> {
  const leftMs = Number(await connection.ask('PTTL', key))
  return Math.max(0, leftMs > 0 ? Math.min(mostMs, leftMs * 0.8) : mostMs)
}

/** The probe tells no keys, only their hashes: one that is always the same is its own template, another is looked for. */
async function nameOf(
  connection: DrillConnection,
  { key: { keyHash: hash }, keys: { keyTemplate } }: Hot,
): Promise<string | undefined> {
  if (keyHash(keyTemplate) === hash)
    return (await connection.ask('TYPE', keyTemplate)) === 'none' ? undefined : keyTemplate
  let cursor = '0'
  for (let scans = 0; scans < scansMost; scans++) {
    const reply = await connection.ask('SCAN', cursor, 'COUNT', '1000')
    const [next, names] = reply as readonly [Reply, readonly string[]]
    const found = names.find(name => keyHash(name) === hash)
    if (found !== undefined) return found
    cursor = String(next)
    if (cursor === '0') return undefined
  }
  return undefined
}

async function refilled(connection: DrillConnection, key: string, signal: AbortSignal): Promise<number | undefined> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < besideMs) {
    if ((await connection.ask('TYPE', key)) !== 'none') return performance.now() - startedAt
    await delay(2, undefined, { signal })
  }
  return undefined
}

function roundOf(
  { cache }: TracesEvidence,
  { keyTemplate: template, driver }: CacheKeys,
  refilledAfterMs: number | undefined,
): CacheStampedeRound {
  const keys = cache?.keys.find(one => one.keyTemplate === template && one.driver === driver)
  return {
    misses: keys?.misses ?? 0,
    loads: keys?.loads.loads ?? 0,
    maxConcurrent: keys?.loads.maxConcurrent ?? 0,
    ...(refilledAfterMs === undefined ? {} : { refilledAfterMs }),
  }
}

function besideEachOther(
  sent: readonly SentRequest[],
  takenAtMs: readonly number[],
): Pick<CacheStampedeDrill, 'usual' | 'afterwards'> {
  const isAfterwards = ({ sentAtMs }: SentRequest): boolean =>
    takenAtMs.some(atMs => sentAtMs >= atMs && sentAtMs < atMs + 1_000)
  return {
    usual: phaseOf(sent.filter(one => !isAfterwards(one))),
    afterwards: phaseOf(sent.filter(isAfterwards)),
  }
}

/** Requests seen from inside: whole-population aggregates per route, and exemplar traces with their spans. */
import type { RouteName, Site } from '../place.ts'
import type { CacheTraffic } from './cache-use.ts'
import type { SerializedHistogram } from './histogram.ts'

export interface TracesEvidence {
  readonly schema: 'traces@1'
  /** `probe` carries call sites, rows, parameters and pool wait; `otlp` may lack them. */
  readonly source: 'probe' | 'otlp' | 'both'
  readonly routes: readonly RouteAggregate[]
  readonly traces: readonly Trace[]
  /** Records the probe or the receiver had to drop; above zero the counts are lower bounds. */
  readonly dropped: number
  /** Commands to Redis and Memcached; absent in runs of older versions and without the probe. */
  readonly cache?: CacheTraffic
  /** Routes whose requests all carried the same credential, so that what repeats may be one person's; absent without any, and in older runs. */
  readonly oneCaller?: readonly RouteName[]
}

/** Every request of a route, not only the exemplars. */
export interface RouteAggregate {
  readonly route: RouteName
  readonly requests: number
  readonly errors: number
  /** Server-side duration, µs. */
  readonly duration: SerializedHistogram
  /** Main-thread CPU is not separable per request; this is database time, pool wait and outbound time in ms, summed over requests. */
  readonly databaseMs: number
  readonly poolWaitMs: number
  readonly connectMs: number
  readonly outboundMs: number
  /** Values are counts, not µs. */
  readonly queriesPerRequest: SerializedHistogram
  readonly outboundPerRequest: SerializedHistogram
  readonly rows: number
  readonly connects: number
  readonly responseBytes: number
  /** Requests in which at least one query waited for a pool connection longer than 1 ms. */
  readonly requestsThatWaited: number
  /** Commands to a cache, and their time from call to answer summed over requests; those of one pipeline overlap. */
  readonly cacheCalls?: number
  readonly cacheMs?: number
  /** Where the handler of the route is registered or defined, when known. */
  readonly site?: Site
}

export interface Trace {
  readonly id: string
  readonly route: RouteName
  /** Epoch milliseconds. */
  readonly startedAtMs: number
  readonly durationMs: number
  readonly statusCode: number
  readonly responseBytes?: number
  /** Why it was kept. Only `reservoir` traces are a fair sample; percentiles must not be taken over `slowest`. */
  readonly kept: 'reservoir' | 'slowest' | 'all'
  /** The concrete URL, lab only. */
  readonly url?: string
  readonly spans: readonly Span[]
  /** Spans beyond the bound that were only counted. */
  readonly spansDropped: number
}

export interface Span {
  readonly id: number
  readonly parentId?: number
  readonly kind: 'query' | 'pool-wait' | 'connect' | 'outbound' | 'cache' | 'internal'
  /** Query text is looked up by `statementId`; outbound: `GET host/template`; cache: `GET product:{n}`. */
  readonly name: string
  /** Since the start of the trace. */
  readonly startMs: number
  readonly durationMs: number
  readonly statementId?: string
  readonly rows?: number
  /** Equal hash = equal parameters; never the parameters themselves. */
  readonly parametersHash?: string
  /** Time this query waited for a pool connection before `startMs`; not part of `durationMs`. */
  readonly poolWaitMs?: number
  /** Database connection number within the process. */
  readonly connection?: number
  /** Transaction number when inside BEGIN … COMMIT. */
  readonly transaction?: number
  readonly site?: Site
  readonly host?: string
  readonly urlTemplate?: string
  readonly statusCode?: number
  readonly failed?: boolean
  /** Of a cache: the command, upper case. */
  readonly command?: string
  readonly keyTemplate?: string
  /** Equal hash = equal keys, of all keys of the command; never the keys themselves. */
  readonly keyHash?: string
  /** Of a command that reads: every key it asked for was there. */
  readonly hit?: boolean
  readonly valueBytes?: number
}

/** `probe@1`: what the probe sends over the local socket, newline-delimited JSON, a batch a second. The only contract between a service under test and the tool. */
import type {
  CacheDriver,
  KeyReads,
  CacheClient,
  CacheCounters,
  CacheKeys,
  CacheUse,
  HeapCollection,
  ParameterSample,
  PoolState,
  RequestLiteral,
  RouteAggregate,
  RuntimeSample,
  StatementReads,
  StatementUse,
  SyncCall,
  Trace,
} from './evidence/index.ts'
import type { Site } from './place.ts'

/** First line of every connection, one connection a process. */
export interface ProbeHello {
  readonly schema: 'whetstone/probe@1'
  readonly pid: number
  readonly ppid: number
  readonly node: string
  readonly level: ProbeLevel
  readonly entry: string
  readonly workingDirectory: string
}
/** Rising cost. `trace` is the default in the lab, `red` in production. */
export type ProbeLevel = 'off' | 'red' | 'sql' | 'trace' | 'profile'

export type ProbeRecord =
  | ({ readonly kind: 'listening' } & { readonly port: number; readonly address: string; readonly atMs: number })
  /** A route was registered or first seen. */
  | {
      readonly kind: 'route'
      readonly method: string
      readonly pattern: string
      readonly framework: string
      readonly site?: Site
    }
  /** A new statement text; `id` is used from then on. Frames may be re-sent when source maps resolve. */
  | {
      readonly kind: 'statement'
      readonly id: string
      readonly text: string
      readonly rawText?: string
      readonly issuedBy?: string
      readonly named?: boolean
      readonly literalSets?: number
      readonly requestLiterals?: readonly RequestLiteral[]
      readonly nameErrors?: number
    }
  /** What was read since the last batch; of several batches the smallest `keyFraction` holds for all. */
  | ({ readonly kind: 'reads' } & StatementReads)
  | { readonly kind: 'parameters'; readonly statementId: string; readonly sample: ParameterSample }
  | ProbeAggregates
  | { readonly kind: 'trace'; readonly trace: Trace }
  | ProbeRuntime
  | { readonly kind: 'pool'; readonly pool: PoolState; readonly poolId: number }
  | { readonly kind: 'sync-call'; readonly call: SyncCall }
  /** Of one template, everything since the last reset: the newest stands for all before. */
  | { readonly kind: 'cache-keys'; readonly keys: CacheKeys }
  /** Of one template, since the last batch: as `reads`. */
  | ({ readonly kind: 'cache-reads'; readonly driver: CacheDriver; readonly keyTemplate: string } & KeyReads)
  | ({ readonly kind: 'cache-client' } & ProbeCacheClient)
  /** Of all caches of libraries, everything since the last reset. */
  | { readonly kind: 'counters'; readonly caches: readonly CacheCounters[] }
  /** A V8 .cpuprofile as text, level `profile` or on demand. */
  | {
      readonly kind: 'cpu-profile'
      readonly startedAtMs: number
      readonly durationMs: number
      readonly requests: number
      readonly profile: string
    }
  /** After a full collection that was asked for; `profile` is V8's sampling heap profile as text, when it was asked for too. */
  | ({ readonly kind: 'heap'; readonly heapLimitBytes: number; readonly profile?: string } & HeapCollection)
  | { readonly kind: 'dropped'; readonly records: number }
  | { readonly kind: 'warning'; readonly text: string }

/** Deltas since the last batch. */
export interface ProbeAggregates {
  readonly kind: 'aggregates'
  readonly atMs: number
  readonly routes: readonly ProbeRouteDelta[]
  readonly uses: readonly ProbeUseDelta[]
  readonly statementsOverflowed: number
  /** Absent without any. */
  readonly cacheUses?: readonly CacheUse[]
  readonly cacheOverflowed?: number
}
/** What the route did since the last batch; where its handler is comes in the `route` record, once. */
export type ProbeRouteDelta = Omit<RouteAggregate, 'site'>
/** The route is empty when the statement ran outside any request. */
export type ProbeUseDelta = StatementUse
/** A client of a cache server since the last reset; how to reach that server as the service does stays out of the evidence. */
export interface ProbeCacheClient {
  /** Counts from 0 within the process. */
  readonly clientId: number
  readonly client: CacheClient
  readonly username?: string
  readonly password?: string
  readonly tls?: boolean
}
/** Sampled by the probe once a second, kept by the tool as it comes. */
export type ProbeRuntime = { readonly kind: 'runtime' } & RuntimeSample

/** The tool to the probe, one JSON line each, over the same socket. */
export type ProbeCommand =
  /** Forget aggregates and exemplars so far: warm-up is over. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'profile'; readonly durationMs: number }
  /** Samples allocations from now on, or no longer. */
  | { readonly kind: 'sample-heap'; readonly on: boolean }
  /** A full collection now; the probe answers with its `heap` record and `flushed`. */
  | { readonly kind: 'collect'; readonly withProfile: boolean; readonly token: number }
  /** Send what is pending now; the probe answers with its batch and `flushed`. */
  | { readonly kind: 'flush'; readonly token: number }
export type ProbeAnswer = { readonly kind: 'flushed'; readonly token: number }

/** The Node process in numbers, one sample a second: event loop, garbage collection, memory, CPU. */
import type { RouteName, Site } from '../place.ts'

export interface RuntimeEvidence {
  readonly schema: 'runtime@1'
  readonly processes: readonly RuntimeProcess[]
  /** Blocking calls (`*Sync`) seen while a request was active. */
  readonly syncCalls: readonly SyncCall[]
}
export interface RuntimeProcess {
  readonly pid: number
  readonly node: string
  readonly samples: readonly RuntimeSample[]
  readonly pools: readonly PoolState[]
}
export interface RuntimeSample {
  readonly atMs: number
  readonly windowMs: number
  readonly eventLoopDelayP50Ms: number
  readonly eventLoopDelayP99Ms: number
  readonly eventLoopDelayMaxMs: number
  /**
   * The longest delay that is the work of one request: CPU the main thread burnt before the loop came round, less what others in the same
   * turn take on average. A delay beyond it was a burst of requests, or a machine with no CPU to spare. Absent from runs of older versions.
   */
  readonly eventLoopOwnDelayMaxMs?: number
  /** 0 to 1. */
  readonly eventLoopUtilisationFraction: number
  readonly cpuUserMs: number
  readonly cpuSystemMs: number
  /** How long the main thread was ready to run and waited for a CPU; absent where the system does not count it. */
  readonly cpuWaitMs?: number
  readonly gcPauseMs: number
  readonly gcMaxPauseMs: number
  readonly heapUsedBytes: number
  readonly heapTotalBytes: number
  /** In use right after the last full collection that V8 made by itself in the window; absent without one. */
  readonly heapAfterCollectionBytes?: number
  readonly residentBytes: number
  /** Requests finished in the window. */
  readonly requests: number
}
/** A connection pool as configured and as observed. */
export interface PoolState {
  readonly driver: 'pg' | 'postgres'
  /** The library that keeps it, or made it for the service: `sequelize`, `typeorm`; absent where the service made a pg.Pool itself. */
  readonly madeBy?: string
  readonly maxConnections: number
  readonly idleTimeoutMs?: number
  /** 0 = waits for ever. */
  readonly acquireTimeoutMs?: number
  readonly statementTimeoutMs?: number
  readonly maxLifetimeMs?: number
  readonly peakInUse: number
  readonly peakWaiting: number
  readonly acquisitions: number
  readonly waits: number
  readonly waitMs: number
  /** Connections that were out, and had not been used for two seconds, when the pool was last looked at: by who took them, longest first. */
  readonly held?: readonly HeldConnections[]
  /** Where the pool is created. */
  readonly site?: Site
}
/** Connections taken at one place and not given back yet. */
export interface HeldConnections {
  /** Where they were taken. */
  readonly site?: Site
  /** What they ran last. */
  readonly statementId?: string
  readonly connections: number
  /** Of those, taken in a request that has been answered since. */
  readonly outlived: number
  readonly longestMs: number
  /** How long the one that was used last has not been used. */
  readonly unusedMs: number
}
export interface SyncCall {
  readonly name: string
  readonly route?: RouteName
  readonly site?: Site
  readonly calls: number
  readonly totalMs: number
  readonly maxMs: number
}

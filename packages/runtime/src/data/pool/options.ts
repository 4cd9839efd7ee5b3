/** What a pool can be told, and the limits it has when told nothing: every wait ends, and so does every statement. */
import type { ClientConfig } from 'pg'
import { longestTimerMs } from '../../time-limits.ts'
import { checkWhole, checkWithin, mostCounted } from '../bounds.ts'

/** Limits that would say the same as ours are not taken twice. */
type Connection = Omit<
  ClientConfig,
  'statement_timeout' | 'idle_in_transaction_session_timeout' | 'connectionTimeoutMillis' | 'query_timeout' | 'pipeline'
>

/** How to connect, as `pg` reads it, and the limits below. All times in milliseconds. */
export interface PoolOptions extends Connection {
  /** Named in faults and events; for a service with several pools. Default `pool`. */
  readonly name?: string
  /** Connections at most. Default 10; `advice()` says what was needed. */
  readonly max?: number
  /** As many stay open when idle. Default 0. */
  readonly min?: number
  /** Callers that may wait for a connection; the next one is refused at once with FAULT_POOL_FULL. Default 50 × `max`. */
  readonly maxWaiting?: number
  /** A caller waits no longer than this for a connection: FAULT_POOL_TIMEOUT. Default 5,000; above 0. */
  readonly acquireTimeoutMs?: number
  /** Until a new connection may be used. Default 5,000; above 0. */
  readonly connectTimeoutMs?: number
  /** An idle connection is closed after this long. Default 30,000; 0 keeps it. */
  readonly idleTimeoutMs?: number
  /** A connection is replaced after this long, less up to a tenth so that not all go at once. Default 1,800,000; 0 keeps it. */
  readonly lifetimeMs?: number
  /** The server ends a statement after this long (57014). Default 30,000; 0 for no limit. */
  readonly statementTimeoutMs?: number
  /** The server ends a session that sits in a transaction doing nothing (25P03). Default 10,000; 0 for no limit. */
  readonly idleInTransactionTimeoutMs?: number
  /** `end()` waits this long for lent connections to come back, then cuts them. Default 10,000. */
  readonly endTimeoutMs?: number
  /** A connection that was lent for longer is reported as a leak, with the line that took it. Default 30,000; 0 never. */
  readonly leakAfterMs?: number
  /**
   * Named prepared statements for statements with parameters, from their second use on. `auto` (default): unless a pooler stands between
   * that hands a connection from one client to the next; `always` for one that keeps names apart (PgBouncer from 1.21 with `max_prepared_statements`).
   */
  readonly prepare?: PrepareMode
  /** Prepared statements a connection keeps; the one unused for longest is closed for the next. Default 200. */
  readonly preparedPerConnection?: number
  /** Source of jitter, from 0 to below 1. Default `Math.random`. */
  readonly random?: () => number
}

export type PrepareMode = 'auto' | 'always' | 'never'

export interface PoolLimits {
  readonly name: string
  readonly max: number
  readonly min: number
  readonly maxWaiting: number
  readonly acquireTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly lifetimeMs: number
  readonly statementTimeoutMs: number
  readonly idleInTransactionTimeoutMs: number
  readonly leakAfterMs: number
  readonly endTimeoutMs: number
  readonly prepare: PrepareMode
  readonly preparedPerConnection: number
  readonly random: () => number
}

/** Apart: our limits with their defaults, and what `pg` is to be told. @throws RangeError with the option's name and value */
export function readOptions(options: PoolOptions): { readonly limits: PoolLimits; readonly connection: ClientConfig } {
  const {
    name = 'pool',
    max = 10,
    min = 0,
    maxWaiting = 50 * max,
    acquireTimeoutMs = 5_000,
    connectTimeoutMs = 5_000,
    idleTimeoutMs = 30_000,
    lifetimeMs = 1_800_000,
    statementTimeoutMs = 30_000,
    idleInTransactionTimeoutMs = 10_000,
    leakAfterMs = 30_000,
    endTimeoutMs = 10_000,
    prepare = 'auto',
    preparedPerConnection = 200,
    random = Math.random,
    ...connection
  } = options
  checkWhole(1, mostCounted, { max, preparedPerConnection })
  checkWhole(0, mostCounted, { min, maxWaiting, statementTimeoutMs, idleInTransactionTimeoutMs })
  // Node's timers overflow beyond, and then fire at once.
  checkWithin(Number.MIN_VALUE, longestTimerMs, { acquireTimeoutMs, connectTimeoutMs })
  checkWithin(0, longestTimerMs, { endTimeoutMs })
  checkWithin(0, Infinity, { idleTimeoutMs, lifetimeMs, leakAfterMs })
  if (min > max) throw new RangeError(`min is ${min}: at most max, which is ${max}`)
  return {
    limits: {
      ...{ name, max, min, maxWaiting, acquireTimeoutMs, connectTimeoutMs, idleTimeoutMs, lifetimeMs },
      ...{
        statementTimeoutMs,
        idleInTransactionTimeoutMs,
        leakAfterMs,
        endTimeoutMs,
        prepare,
        preparedPerConnection,
        random,
      },
    },
    connection: { keepAlive: true, ...connection },
  }
}

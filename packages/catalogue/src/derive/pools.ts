/** Connection pools of all processes together, and how long requests waited for them. */
import type { PgEvidence, PoolState, RuntimeEvidence } from '@whetstone/model'
import { memo } from './memo.ts'

export interface PoolReading {
  /** Processes that hold a pool. */
  readonly processes: number
  readonly pools: readonly PoolState[]
  /** Connections all pools may open together. */
  readonly capacity: number
  /** The pool of the longest waits, else the busiest. */
  readonly main: PoolState | undefined
  readonly acquisitions: number
  readonly waits: number
  readonly waitMs: number
}

export const readPools: (runtime: RuntimeEvidence) => PoolReading = memo(runtime => {
  const withPools = runtime.processes.filter(process => process.pools.length > 0)
  const pools = withPools.flatMap(process => process.pools)
  const sum = (field: 'maxConnections' | 'acquisitions' | 'waits' | 'waitMs') =>
    pools.reduce((total, pool) => total + pool[field], 0)
  return {
    processes: withPools.length,
    pools,
    capacity: sum('maxConnections'),
    main: pools.toSorted((a, b) => b.waitMs - a.waitMs || b.acquisitions - a.acquisitions)[0],
    acquisitions: sum('acquisitions'),
    waits: sum('waits'),
    waitMs: sum('waitMs'),
  }
})

/** Connections the server gives to ordinary users. */
export function usableConnections({ activity, settings }: PgEvidence): number | undefined {
  // The server was gone when its settings were to be read.
  if (activity.maxConnections === 0) return undefined
  const reserved =
    Number(settings['superuser_reserved_connections'] ?? 3) + Number(settings['reserved_connections'] ?? 0)
  return Math.max(1, activity.maxConnections - (Number.isFinite(reserved) ? reserved : 3))
}

/** A pg.Pool as it is used: who waited how long for a connection, how many were out at once, how it was configured. */
import type { PoolState, Site } from '@whetstone/model'
import { captureCallSite } from '../call-site.ts'
import { now } from '../clock.ts'
import { callInRequest, currentRequest } from '../context.ts'
import { failed } from '../guard.ts'
import { level, SQL, TRACE, wake } from '../level.ts'
import type { QueryCall } from '../query-call.ts'
import type { RequestRecord } from '../request-record.ts'

type Callback = (this: unknown, ...args: unknown[]) => unknown

type PoolMethod = (this: WatchedPool, ...args: unknown[]) => unknown

export interface WatchedPool {
  connect: PoolMethod
  _acquireClient?: PoolMethod
  newClient?: PoolMethod
  readonly options: Readonly<Record<string, unknown>>
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  readonly _pendingQueue?: readonly object[]
}

/** How `pool.query` tells `client.query` that it is the same call. */
export interface HandOver {
  takeCall(): QueryCall | undefined
  handOver<Result>(call: QueryCall, run: () => Result): Result
}

interface Waiter {
  readonly record: RequestRecord | undefined
  readonly call: QueryCall | undefined
  readonly pool: PoolFigures
  readonly startedAt: number
  /** A connection was opened for it from then on: connect time, no longer wait. */
  opensSince?: number
}

/** The pool's own entry in its queue leads back to who waits: its callback is left alone, because the pool finds its entry by it. */
const waiters = new WeakMap<object, Waiter>()

export function watchPool(prototype: WatchedPool, { takeCall, handOver }: HandOver): void {
  watchConstruction(prototype)
  const { connect: originalConnect, _acquireClient: originalAcquire, newClient: originalNewClient } = prototype

  prototype.connect = function connect(this: WatchedPool, callback) {
    wake()
    const call = takeCall()
    if (level < SQL) return Reflect.apply(originalConnect, this, arguments as unknown as unknown[])
    const record = call ? call.record : ongoingRequest()
    const queued = this._pendingQueue?.length ?? 0
    // Idle connections go to those who already stand in the queue.
    const mustWait = queued >= this.idleCount
    const args = typeof callback === 'function' ? [observed(callback as Callback, record, call)] : [callback]
    const result = Reflect.apply(originalConnect, this, args)
    try {
      const figures = figuresOf(this, connect)
      figures.acquire(this)
      const entry = this._pendingQueue?.at(-1)
      if (mustWait && entry !== undefined && (this._pendingQueue?.length ?? 0) > queued)
        waiters.set(entry, { record, call, pool: figures, startedAt: now() })
    } catch (error) {
      failed(error)
    }
    return result
  }

  function observed(callback: Callback, record: RequestRecord | undefined, call: QueryCall | undefined): Callback {
    return function (this: unknown, ...args) {
      const client = args[1]
      if (call !== undefined && client === undefined) call.finish(true, 0)
      const run = (): unknown => callInRequest(record, callback, this, args)
      return call !== undefined && client !== undefined ? handOver(call, run) : run()
    }
  }

  if (originalAcquire !== undefined) {
    prototype._acquireClient = function acquireClient(client, entry, ...rest) {
      const waiter = waiters.get(entry as object)
      if (waiter !== undefined) endWait(entry as object, waiter)
      return Reflect.apply(originalAcquire, this, [client, entry, ...rest])
    }
  }

  if (originalNewClient !== undefined) {
    // A new connection for one who waits is opened from inside somebody else's release.
    prototype.newClient = function newClient(entry, ...rest) {
      const waiter = waiters.get(entry as object)
      if (waiter === undefined) return Reflect.apply(originalNewClient, this, [entry, ...rest])
      waiter.opensSince = now()
      return callInRequest(waiter.record, originalNewClient, this, [entry, ...rest])
    }
  }
}

function ongoingRequest(): RequestRecord | undefined {
  const record = currentRequest()
  return record?.isFinished ? undefined : record
}

function endWait(entry: object, { record, call, pool, startedAt, opensSince }: Waiter): void {
  try {
    waiters.delete(entry)
    const durationMs = (opensSince ?? now()) - startedAt
    pool.waits++
    pool.waitMs += durationMs
    if (call !== undefined) {
      call.poolWaitMs = durationMs
    } else if (record !== undefined) {
      record.poolWaitMs += durationMs
      if (durationMs > record.longestWaitMs) record.longestWaitMs = durationMs
      if (level >= TRACE && !record.isFinished)
        record.addSpan({ kind: 'pool-wait', startedAt, durationMs, failed: false, site: undefined })
    }
  } catch (error) {
    failed(error)
  }
}

class PoolFigures {
  readonly site: Site | undefined
  readonly #options: Readonly<Record<string, unknown>>
  peakInUse = 0
  peakWaiting = 0
  acquisitions = 0
  waits = 0
  waitMs = 0

  constructor(options: Readonly<Record<string, unknown>>, site: Site | undefined) {
    this.#options = options
    this.site = site
  }

  acquire(pool: WatchedPool): void {
    this.acquisitions++
    const waiting = pool.waitingCount
    if (waiting > this.peakWaiting) this.peakWaiting = waiting
    const inUse = pool.totalCount - pool.idleCount
    if (inUse > this.peakInUse) this.peakInUse = inUse
  }

  state(): PoolState {
    const { peakInUse, peakWaiting, acquisitions, waits, waitMs, site } = this
    const number = (name: string): number | undefined => {
      const value = this.#options[name]
      return typeof value === 'number' ? value : undefined
    }
    const idleTimeoutMs = number('idleTimeoutMillis')
    const acquireTimeoutMs = number('connectionTimeoutMillis') ?? 0
    const statementTimeoutMs = number('statement_timeout')
    const maxLifetimeSeconds = number('maxLifetimeSeconds')
    return {
      driver: 'pg',
      maxConnections: number('max') ?? 10,
      ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
      acquireTimeoutMs,
      ...(statementTimeoutMs !== undefined && { statementTimeoutMs }),
      ...(maxLifetimeSeconds && { maxLifetimeMs: maxLifetimeSeconds * 1_000 }),
      peakInUse,
      peakWaiting,
      acquisitions,
      waits,
      waitMs,
      ...(site && { site }),
    }
  }

  reset(): void {
    this.peakInUse = this.peakWaiting = this.acquisitions = this.waits = this.waitMs = 0
  }
}

/** More pools than this in one process are themselves the finding; the first ones show it. */
const poolsKept = 100
const figuresByPool = new WeakMap<WatchedPool, PoolFigures>()
const allFigures: PoolFigures[] = []

/** The first thing a pool sets up in its constructor; the only moment at which the stack shows who makes it. */
const setUpFirst = '_clients'

function watchConstruction(prototype: WatchedPool): void {
  Object.defineProperty(prototype, setUpFirst, {
    configurable: true,
    enumerable: false,
    set: function made(this: WatchedPool, value: unknown) {
      Object.defineProperty(this, setUpFirst, { value, writable: true, configurable: true, enumerable: true })
      try {
        figuresOf(this, made)
      } catch (error) {
        failed(error)
      }
    },
  })
}

function figuresOf(pool: WatchedPool, below: (...args: never[]) => unknown): PoolFigures {
  const known = figuresByPool.get(pool)
  if (known) return known
  const figures = new PoolFigures(pool.options, captureCallSite(below).site)
  figuresByPool.set(pool, figures)
  if (allFigures.length < poolsKept) allFigures.push(figures)
  return figures
}

export function poolStates(): readonly PoolState[] {
  return allFigures.filter(figures => figures.acquisitions > 0).map(figures => figures.state())
}

export function resetPools(): void {
  for (const figures of allFigures) figures.reset()
}

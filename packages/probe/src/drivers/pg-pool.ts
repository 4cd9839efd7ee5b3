/** A pg.Pool as it is used: who waited how long for a connection, how many were out at once, how it was configured. */
import { now } from '../clock.ts'
import { callInRequest } from '../context.ts'
import { failed } from '../guard.ts'
import { captureCallSite } from '../call-site.ts'
import { level, SQL, TRACE, wake } from '../level.ts'
import type { QueryCall } from '../query-call.ts'
import type { RequestRecord } from '../request-record.ts'
import { chargeWait, figuresOf, ongoingRequest } from './pool-figures.ts'
import type { Checkout, PoolFigures, ReadablePool } from './pool-figures.ts'

type Callback = (this: unknown, ...args: unknown[]) => unknown

type PoolMethod = (this: WatchedPool, ...args: unknown[]) => unknown

export interface WatchedPool extends ReadablePool {
  connect: PoolMethod
  _acquireClient?: PoolMethod
  newClient?: PoolMethod
  _release?: PoolMethod
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
/** Of those who asked by `connect()` and not by `query()`, which gives its connection back by itself. */
const checkouts = new WeakMap<object, Checkout>()
/** Whose `connect()` is on the stack: the pool opens a connection for it there and then. */
let asking: Checkout | undefined

export function watchPool(prototype: WatchedPool, { takeCall, handOver }: HandOver): void {
  watchConstruction(prototype)
  const { connect: originalConnect, _acquireClient: originalAcquire, newClient: originalNewClient } = prototype
  const { _release: originalRelease } = prototype

  prototype.connect = function connect(this: WatchedPool, callback) {
    wake()
    const call = takeCall()
    if (level < SQL) return Reflect.apply(originalConnect, this, arguments as unknown as unknown[])
    const record = call ? call.record : ongoingRequest()
    const queued = this._pendingQueue?.length ?? 0
    // Idle connections go to those who already stand in the queue.
    const mustWait = queued >= this.idleCount
    const args = typeof callback === 'function' ? [observed(callback as Callback, record, call)] : [callback]
    const checkout = call === undefined ? checkoutOf(this, record, connect) : undefined
    const outer = asking
    asking = checkout
    let result: unknown
    try {
      result = Reflect.apply(originalConnect, this, args)
    } finally {
      asking = outer
    }
    try {
      const figures = figuresOf(this, connect)
      figures.acquire(this)
      const entry = (this._pendingQueue?.length ?? 0) > queued ? this._pendingQueue?.at(-1) : undefined
      if (entry !== undefined && checkout !== undefined) checkouts.set(entry, checkout)
      if (mustWait && entry !== undefined) waiters.set(entry, { record, call, pool: figures, startedAt: now() })
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
      noteTaken(this, client, entry)
      return Reflect.apply(originalAcquire, this, [client, entry, ...rest])
    }
  }

  if (originalNewClient !== undefined) {
    // A new connection for one who waits is opened from inside somebody else's release.
    prototype.newClient = function newClient(entry, ...rest) {
      const checkout = asking
      asking = undefined
      if (checkout !== undefined) checkouts.set(entry as object, checkout)
      const waiter = waiters.get(entry as object)
      if (waiter === undefined) return Reflect.apply(originalNewClient, this, [entry, ...rest])
      waiter.opensSince = now()
      return callInRequest(waiter.record, originalNewClient, this, [entry, ...rest])
    }
  }

  if (originalRelease !== undefined) {
    prototype._release = function release(client, ...rest) {
      try {
        figuresOf(this, release).gaveBack(client as object)
      } catch (error) {
        failed(error)
      }
      return Reflect.apply(originalRelease, this, [client, ...rest])
    }
  }
}

function checkoutOf(pool: WatchedPool, record: RequestRecord | undefined, below: PoolMethod): Checkout {
  try {
    const wantsSite = level >= TRACE && figuresOf(pool, below).wantsSite()
    return { record, site: wantsSite ? captureCallSite(below, record).site : undefined }
  } catch (error) {
    failed(error)
    return { record, site: undefined }
  }
}

function noteTaken(pool: WatchedPool, client: unknown, entry: unknown): void {
  try {
    const checkout = checkouts.get(entry as object)
    if (checkout !== undefined) figuresOf(pool, noteTaken).took(client as object, checkout)
  } catch (error) {
    failed(error)
  }
}

function endWait(entry: object, { record, call, pool, startedAt, opensSince }: Waiter): void {
  try {
    waiters.delete(entry)
    const durationMs = (opensSince ?? now()) - startedAt
    pool.waited(durationMs)
    if (call !== undefined) {
      call.poolWaitMs = durationMs
    } else if (record !== undefined) {
      chargeWait(record, startedAt, durationMs)
    }
  } catch (error) {
    failed(error)
  }
}

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

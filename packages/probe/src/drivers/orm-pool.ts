/** Pools that ORMs keep over bare `pg` clients: Sequelize's own, and tarn below Knex. Without them their queue would look like work of the service. */
import { captureCallSite } from '../call-site.ts'
import { now } from '../clock.ts'
import { failed } from '../guard.ts'
import { level, SQL, TRACE, wake } from '../level.ts'
import type { ModuleHook } from '../module-loading.ts'
import { chargeWait, figuresOf, ongoingRequest } from './pool-figures.ts'
import type { ReadablePool } from './pool-figures.ts'

export const ormPoolHooks: readonly ModuleHook[] = [
  { file: /\/sequelize-pool\/lib\/Pool\.js$/, patch: exports => watch(exports, '_pendingAcquires', sequelizeView) },
  { file: /\/tarn\/dist\/Pool\.js$/, patch: exports => watch(exports, 'pendingAcquires', tarnView) },
]

type PoolMethod = (this: OrmPool, ...args: unknown[]) => unknown

interface OrmPool {
  acquire: PoolMethod
  release: PoolMethod
  destroy: PoolMethod
}

interface SequelizePool {
  readonly maxSize: number
  readonly size: number
  readonly available: number
  readonly waiting: number
  readonly idleTimeoutMillis: number
  readonly acquireTimeoutMillis: number
}

interface TarnPool {
  readonly max: number
  readonly idleTimeoutMillis: number
  readonly acquireTimeoutMillis: number
  numUsed(): number
  numFree(): number
  numPendingCreates(): number
  numPendingAcquires(): number
}

function sequelizeView(pool: SequelizePool): ReadablePool {
  return {
    get options() {
      return optionsOf(pool.maxSize, pool)
    },
    get totalCount() {
      return pool.size
    },
    get idleCount() {
      return pool.available
    },
    get waitingCount() {
      return pool.waiting
    },
  }
}

function tarnView(pool: TarnPool): ReadablePool {
  return {
    get options() {
      return optionsOf(pool.max, pool)
    },
    get totalCount() {
      return pool.numUsed() + pool.numFree() + pool.numPendingCreates()
    },
    get idleCount() {
      return pool.numFree()
    },
    get waitingCount() {
      return pool.numPendingAcquires()
    },
  }
}

function optionsOf(
  max: number,
  { idleTimeoutMillis, acquireTimeoutMillis }: Pick<TarnPool, 'idleTimeoutMillis' | 'acquireTimeoutMillis'>,
): ReadablePool['options'] {
  return { max, idleTimeoutMillis, connectionTimeoutMillis: acquireTimeoutMillis }
}

const views = new WeakMap<object, ReadablePool>()

/** @param setUpInConstructor a property of the pool; its making is the only moment at which the stack shows who makes the pool */
function watch<Pool extends object>(
  exports: unknown,
  setUpInConstructor: string,
  viewOf: (pool: Pool) => ReadablePool,
): void {
  const { prototype } = (exports as { Pool: { prototype: OrmPool } }).Pool
  const known = (pool: object): ReadablePool => {
    const view = views.get(pool) ?? viewOf(pool as Pool)
    views.set(pool, view)
    return view
  }
  Object.defineProperty(prototype, setUpInConstructor, {
    configurable: true,
    enumerable: false,
    set: function made(this: object, value: unknown) {
      Object.defineProperty(this, setUpInConstructor, { value, writable: true, configurable: true, enumerable: true })
      try {
        figuresOf(known(this), made)
      } catch (error) {
        failed(error)
      }
    },
  })
  // Sequelize throws a broken connection away instead of giving it back; tarn's `destroy` ends the whole pool.
  for (const name of ['release', 'destroy'] as const) {
    const originalEnd = prototype[name]
    prototype[name] = function end(connection, ...rest) {
      try {
        if (isPgClient(connection)) figuresOf(known(this), end).gaveBack(connection)
      } catch (error) {
        failed(error)
      }
      return Reflect.apply(originalEnd, this, [connection, ...rest])
    }
  }
  const original = prototype.acquire
  prototype.acquire = function acquire(...args) {
    wake()
    if (level < SQL) return Reflect.apply(original, this, args)
    const view = known(this)
    const mustWait = view.idleCount === 0 && view.totalCount >= Number(view.options['max'])
    const result = Reflect.apply(original, this, args)
    try {
      observe(view, mustWait, result, acquire)
    } catch (error) {
      failed(error)
    }
    return result
  }
}

function observe(view: ReadablePool, mustWait: boolean, result: unknown, below: PoolMethod): void {
  const record = ongoingRequest()
  const startedAt = now()
  const waiting = view.waitingCount
  const figures = figuresOf(view, below)
  const site = level >= TRACE && figures.wantsSite() ? captureCallSite(below, record).site : undefined
  promiseOf(result)?.then(
    connection => {
      if (!isPgClient(connection)) return
      figures.acquire(view)
      figures.took(connection, { record, site })
      if (!mustWait) return
      const durationMs = now() - startedAt
      figures.waited(durationMs, waiting)
      if (record !== undefined) chargeWait(record, startedAt, durationMs)
    },
    () => {},
  )
}

/** tarn answers with an operation that holds its promise. */
function promiseOf(result: unknown): Promise<unknown> | undefined {
  if (result instanceof Promise) return result
  const { promise } = (result ?? {}) as { promise?: unknown }
  return promise instanceof Promise ? promise : undefined
}

/** The same pools hold connections to other databases too. */
function isPgClient(connection: unknown): connection is object {
  return typeof connection === 'object' && connection !== null && 'connectionParameters' in connection
}

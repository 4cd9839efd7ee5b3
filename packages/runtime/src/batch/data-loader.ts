/** The interface of the `dataloader` package, so that code written for it can move over: one loader for the whole service, a cache for each request. */
import { Fault } from '../fault.ts'
import { scoped, type ScopeKey } from '../request-scope.ts'

export type BatchLoadFunction<Key, Value> = (keys: readonly Key[]) => PromiseLike<ArrayLike<Value | Error>>

export interface LoaderCacheMap<CacheKey, Promised> {
  get(key: CacheKey): Promised | undefined | void
  set(key: CacheKey, value: Promised): unknown
  delete(key: CacheKey): unknown
  clear(): unknown
}

/** As of `dataloader` 2; what a batch failed to load as a whole is not cached, the error of one key is. */
export interface DataLoaderOptions<Key, Value, CacheKey = Key> {
  /** `false` is a batch size of 1. */
  readonly batch?: boolean
  /** Default: no bound. */
  readonly maxBatchSize?: number
  /** Decides when a batch is loaded. Default: at the end of the tick. */
  readonly batchScheduleFn?: (callback: () => void) => void
  /** `false`: nothing is remembered, and a key asked for twice is loaded twice. */
  readonly cache?: boolean
  readonly cacheKeyFn?: (key: Key) => CacheKey
  /** Makes the cache of a scope, or is the one cache of every scope. `null` is none. Default: a `Map` a scope. */
  readonly cacheMap?: LoaderCacheMap<CacheKey, Promise<Value>> | null | (() => LoaderCacheMap<CacheKey, Promise<Value>>)
  readonly name?: string | null
}

interface Pending<Key, Value> {
  readonly keys: Key[]
  readonly answers: { readonly resolve: (value: Value) => void; readonly reject: (error: unknown) => void }[]
  /** Answers from the cache come together with those of the batch, as callers of `dataloader` are used to. */
  readonly cached: (() => void)[]
  dispatched: boolean
}

interface LoaderState<Key, Value, CacheKey> {
  readonly cache: LoaderCacheMap<CacheKey, Promise<Value>> | undefined
  pending: Pending<Key, Value> | undefined
}

const settled = Promise.resolve()

/**
 * Within `withRequestScope` each request has a cache and batches of its own; outside, the loader has one of each.
 * For new code prefer `batched`: it needs no order of answers, bounds its loads and lets a caller leave.
 */
export class DataLoader<Key, Value, CacheKey = Key> {
  readonly name: string | null
  readonly #load: BatchLoadFunction<Key, Value>
  readonly #maxBatchSize: number
  readonly #schedule: (callback: () => void) => void
  readonly #cacheKeyOf: (key: Key) => CacheKey
  readonly #outside: LoaderState<Key, Value, CacheKey>
  readonly #ofScope: ScopeKey<LoaderState<Key, Value, CacheKey>>

  constructor(load: BatchLoadFunction<Key, Value>, options: DataLoaderOptions<Key, Value, CacheKey> = {}) {
    const { maxBatchSize = Infinity } = options
    if (typeof load !== 'function') throw new TypeError(`a DataLoader is made of a function, not ${typeof load}`)
    if (!(maxBatchSize >= 1)) throw new TypeError(`maxBatchSize must be 1 or more, not ${maxBatchSize}`)
    this.name = options.name ?? null
    this.#load = load
    this.#maxBatchSize = options.batch === false ? 1 : maxBatchSize
    this.#schedule = options.batchScheduleFn ?? atEndOfTick
    this.#cacheKeyOf = options.cacheKeyFn ?? (key => key as unknown as CacheKey)
    const make = () => ({ cache: options.cache === false ? undefined : cacheOf(options.cacheMap), pending: undefined })
    this.#outside = make()
    this.#ofScope = { make }
  }

  load(key: Key): Promise<Value> {
    if (key === null || key === undefined) throw new TypeError(`load() needs a key, not ${String(key)}`)
    const state = this.#state()
    const pending = this.#pendingOf(state)
    if (state.cache === undefined) return ask(pending, key)
    const cacheKey = this.#cacheKeyOf(key)
    const known = state.cache.get(cacheKey)
    if (known) return new Promise(resolve => pending.cached.push(() => resolve(known)))
    const promise = ask(pending, key)
    state.cache.set(cacheKey, promise)
    return promise
  }

  /** Never rejects: a key that failed has its error in the list. */
  loadMany(keys: ArrayLike<Key>): Promise<(Value | Error)[]> {
    if (!isArrayLike(keys)) throw new TypeError('loadMany() needs a list of keys')
    return Promise.all(Array.from(keys, key => this.load(key).catch((error: Error) => error)))
  }

  clear(key: Key): this {
    this.#forget(this.#state(), key)
    return this
  }

  clearAll(): this {
    this.#state().cache?.clear()
    return this
  }

  /** Keeps what is there already; an `Error` is the answer `load` rejects with. */
  prime(key: Key, value: Value | PromiseLike<Value> | Error): this {
    const { cache } = this.#state()
    const cacheKey = this.#cacheKeyOf(key)
    if (cache === undefined || cache.get(cacheKey) !== undefined) return this
    const promise = value instanceof Error ? Promise.reject<Value>(value) : Promise.resolve(value)
    // Primed on purpose, and perhaps never asked for: no unhandled rejection.
    promise.catch(() => undefined)
    cache.set(cacheKey, promise)
    return this
  }

  #state(): LoaderState<Key, Value, CacheKey> {
    return scoped(this.#ofScope) ?? this.#outside
  }

  #forget({ cache }: LoaderState<Key, Value, CacheKey>, key: Key): void {
    cache?.delete(this.#cacheKeyOf(key))
  }

  #pendingOf(state: LoaderState<Key, Value, CacheKey>): Pending<Key, Value> {
    const { pending } = state
    if (pending !== undefined && !pending.dispatched && pending.keys.length < this.#maxBatchSize) return pending
    const next: Pending<Key, Value> = { keys: [], answers: [], cached: [], dispatched: false }
    state.pending = next
    this.#schedule(() => void this.#dispatch(state, next))
    return next
  }

  async #dispatch(state: LoaderState<Key, Value, CacheKey>, batch: Pending<Key, Value>): Promise<void> {
    batch.dispatched = true
    try {
      const values = batch.keys.length === 0 ? [] : await this.#loaded(batch.keys)
      for (const answer of batch.cached) answer()
      for (const [at, { resolve, reject }] of batch.answers.entries()) {
        const value = values[at] as Value | Error
        if (value instanceof Error) reject(value)
        else resolve(value)
      }
    } catch (error) {
      for (const answer of batch.cached) answer()
      for (const [at, { reject }] of batch.answers.entries()) {
        this.#forget(state, batch.keys[at]!)
        reject(error)
      }
    }
  }

  async #loaded(keys: readonly Key[]): Promise<ArrayLike<Value | Error>> {
    const values = await this.#load(keys)
    if (isArrayLike(values) && values.length === keys.length) return values
    const got = isArrayLike(values) ? `${values.length} values` : typeof values
    throw new Fault('FAULT_BATCH_SHAPE', `the loader returned ${got} for ${keys.length} keys`, {
      retryable: false,
      hint: 'return one value for each key, in the order of the keys',
    })
  }
}

function ask<Key, Value>(pending: Pending<Key, Value>, key: Key): Promise<Value> {
  pending.keys.push(key)
  return new Promise((resolve, reject) => pending.answers.push({ resolve, reject }))
}

function cacheOf<CacheKey, Promised>(
  cacheMap: LoaderCacheMap<CacheKey, Promised> | null | undefined | (() => LoaderCacheMap<CacheKey, Promised>),
): LoaderCacheMap<CacheKey, Promised> | undefined {
  if (cacheMap === null) return undefined
  return typeof cacheMap === 'function' ? cacheMap() : (cacheMap ?? new Map<CacheKey, Promised>())
}

function atEndOfTick(callback: () => void): void {
  void settled.then(() => process.nextTick(callback))
}

function isArrayLike(value: unknown): value is ArrayLike<never> {
  return typeof value === 'object' && value !== null && 'length' in value && typeof value.length === 'number'
}

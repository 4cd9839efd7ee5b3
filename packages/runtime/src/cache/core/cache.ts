/** Answers kept in memory and loaded once: however many ask for one at a time, and whatever becomes of its load. */
import { AsyncResource } from 'node:async_hooks'
import type { Ctx } from '../../context.ts'
import { Fault } from '../../fault.ts'
import { deadlineFault, type TimeLimit, TimeLimits } from '../../time-limits.ts'
import { coarseNowMs } from '../memory/coarse-clock.ts'
import { MemoryCache, type MemoryCacheOptions } from '../memory/memory-cache.ts'
import { explain, type Explanation } from './explain.ts'
import { Flight } from './flight.ts'
import { Kept } from './kept.ts'
import { type FullLoadPolicy, fullPolicy, type LoadPolicy } from './load-policy.ts'
import { TagStamps } from './tag-stamps.ts'

/** Asks the origin. `undefined` says that it has no such thing. Gives up when `ctx` is cancelled: nobody waits any more, or it took too long. */
export type Loader<Value> = (ctx: Ctx) => Promise<Value> | Value

export interface CacheOptions extends Pick<
  MemoryCacheOptions<string, unknown>,
  'maxEntries' | 'maxBytes' | 'sizeOf' | 'policy'
> {
  /** In faults. Default `cache`. */
  readonly name?: string
  /** What calls do not say themselves. */
  readonly defaults?: LoadPolicy
  /** Invalidated tags remembered; beyond, what is as old as the oldest of them counts as invalidated. Default 10,000. */
  readonly maxTags?: number
  /** Milliseconds since 1970. Default: the system's, read about once a millisecond. */
  readonly clock?: () => number
  /** 0 to 1. Default `Math.random`. */
  readonly random?: () => number
}

/** Totals since it was made. */
export interface CacheCounts {
  hit: number
  /** Served fresh, and loaded anew before its end. */
  early: number
  /** Served past its end: at once, or because the load failed or took too long, and then it was a miss too. */
  stale: number
  /** Had to wait for a load, or found a remembered failure. */
  miss: number
  /** Misses that found their load under way. */
  coalesced: number
  loads: number
  failedLoads: number
  /** Of all loads together. */
  loadMs: number
  evicted: number
}

export class Cache {
  readonly #name: string
  readonly #memory: MemoryCache<string, Kept | Failed>
  readonly #defaults: FullLoadPolicy
  readonly #clock: () => number
  readonly #random: () => number
  readonly #flights = new Map<string, Flight>()
  readonly #limits = new TimeLimits()
  readonly #stamps: TagStamps
  // A load answers several requests, so it must not carry the context of one of them.
  readonly #outside = new AsyncResource('whetstone.cache')
  readonly #counts = { hit: 0, early: 0, stale: 0, miss: 0, coalesced: 0, loads: 0, failedLoads: 0, loadMs: 0 }
  #version = 0
  #closed = false

  /** @throws RangeError for a bound or duration that is none */
  constructor({
    name = 'cache',
    defaults,
    maxTags = 10_000,
    clock = coarseNowMs,
    random = Math.random,
    ...memory
  }: CacheOptions = {}) {
    const { sizeOf, ...bounds } = memory
    this.#name = name
    this.#defaults = fullPolicy(defaults)
    this.#clock = clock
    this.#random = random
    this.#stamps = new TagStamps(maxTags)
    this.#memory = new MemoryCache({
      ...bounds,
      clock,
      ...(sizeOf && {
        sizeOf: (kept: Kept | Failed, key: string) => (kept instanceof Kept ? sizeOf(kept.value, key) : 1),
      }),
    })
  }

  get counts(): CacheCounts {
    return { ...this.#counts, evicted: this.#memory.counts.evicted }
  }

  /** Entries in memory. */
  get size(): number {
    return this.#memory.size
  }

  /**
   * The answer, from memory or by one load for all who ask meanwhile; whatever the load throws, they all get. A caller with a context leaves
   * when that is cancelled or its deadline passes; the load is cancelled when the last one left.
   *
   * ```ts
   * const user = await cache.getOrLoad(`user:${id}`, ctx => fetchUser(id, ctx), { ttlMs: 30_000, staleWhileRevalidateMs: 300_000 })
   * ```
   * @throws Fault `FAULT_LOAD_TIMEOUT`, `FAULT_CANCELLED`, `FAULT_DEADLINE`, `FAULT_CACHE_CLOSED`, and whatever the loader throws; RangeError for a policy that is none
   */
  getOrLoad<Value>(key: string, load: Loader<Value>, policy?: LoadPolicy, ctx?: Ctx): Promise<Value> {
    const kept = this.#memory.get(key)
    if (kept instanceof Kept && this.#clock() < kept.plainUntilMs && kept.checkedStamps === this.#stamps.count) {
      this.#counts.hit++
      return Promise.resolve(kept.value as Value)
    }
    return this.#decide(key, load, policy, ctx, kept) as Promise<Value>
  }

  /** What is kept under the key and still fresh; loads nothing. */
  get(key: string): unknown {
    const kept = this.#alive(key, this.#memory.get(key))
    const fresh = kept instanceof Kept && this.#clock() < kept.freshUntilMs
    this.#counts[fresh ? 'hit' : 'miss']++
    return fresh ? kept.value : undefined
  }

  /** A load that is under way will not replace it. */
  set(key: string, value: unknown, policy?: LoadPolicy): void {
    this.#detach(key)
    this.#keep(key, value, 0, ++this.#version, fullPolicy(policy, this.#defaults))
  }

  /** Forgets it; who asks from now on gets what is loaded from now on. */
  invalidate(...keys: readonly string[]): void {
    for (const key of keys) {
      this.#detach(key)
      this.#memory.delete(key)
    }
  }

  /** Forgets all that was loaded with one of these tags, and what is being loaded with it. */
  invalidateTags(...tags: readonly string[]): void {
    const version = ++this.#version
    for (const tag of tags) this.#stamps.stamp(tag, version)
  }

  clear(): void {
    for (const key of this.#flights.keys()) this.#detach(key)
    this.#memory.clear()
  }

  /** What would happen to a call for this key now, and why. Changes nothing. */
  explain(key: string): Explanation {
    const kept = this.#memory.peek(key)
    const flight = this.#flights.get(key)
    const loading = flight && { waiting: flight.waiting }
    if (kept instanceof Failed)
      return { key, state: 'failed', error: kept.error, retryInMs: kept.retryAtMs - this.#clock(), loading }
    return explain(key, kept, kept !== undefined && this.#outdated(kept), this.#clock(), loading)
  }

  /** For a service that ends: what is being loaded is cancelled, and who asks from now on is refused. */
  close(): void {
    this.#closed = true
    for (const [key, flight] of this.#flights) this.#abandon(key, flight, this.#closedFault())
    this.#limits.close()
    this.#memory.clear()
  }

  #decide(
    key: string,
    load: Loader<unknown>,
    policy: LoadPolicy | undefined,
    ctx: Ctx | undefined,
    found: Kept | Failed | undefined,
  ): Promise<unknown> {
    const kept = this.#alive(key, found)
    if (kept instanceof Failed) {
      this.#counts.miss++
      return Promise.reject(kept.error as Error)
    }
    const nowMs = this.#clock()
    if (kept !== undefined && nowMs < kept.freshUntilMs) {
      const early = kept.isEarly(nowMs, this.#random()) && nowMs >= kept.retryAtMs && !this.#flights.has(key)
      this.#counts[early ? 'early' : 'hit']++
      if (early) this.#start(key, load, policy, kept, true)
      return Promise.resolve(kept.value)
    }
    if (kept !== undefined && (nowMs < kept.revalidateUntilMs || nowMs < kept.retryAtMs)) {
      this.#counts.stale++
      if (nowMs >= kept.retryAtMs && !this.#flights.has(key)) this.#start(key, load, policy, kept, true)
      return Promise.resolve(kept.value)
    }
    return this.#wait(key, load, policy, ctx, kept)
  }

  #wait(
    key: string,
    load: Loader<unknown>,
    policy: LoadPolicy | undefined,
    ctx: Ctx | undefined,
    stale: Kept | undefined,
  ): Promise<unknown> {
    this.#counts.miss++
    if (this.#closed) return Promise.reject(this.#closedFault())
    if (ctx?.cancelled) return Promise.reject(ctx.reason as Error)
    if (ctx !== undefined && ctx.deadlineMs <= performance.now()) return Promise.reject(deadlineFault(false))
    const underWay = this.#current(key)
    if (underWay !== undefined) this.#counts.coalesced++
    const flight = underWay ?? this.#start(key, load, policy, stale, false)
    const { softTimeoutMs } = fullPolicy(policy, this.#defaults)
    return flight.join(ctx, stale, softTimeoutMs === Infinity ? Infinity : performance.now() + softTimeoutMs)
  }

  /** The load under way, unless one of its tags was invalidated since it began. */
  #current(key: string): Flight | undefined {
    const flight = this.#flights.get(key)
    if (flight === undefined || !this.#stamps.outdates(flight.tags, flight.version)) return flight
    this.#detach(key)
    return undefined
  }

  #start(
    key: string,
    load: Loader<unknown>,
    partial: LoadPolicy | undefined,
    fallback: Kept | undefined,
    background: boolean,
  ): Flight {
    const policy = fullPolicy(partial, this.#defaults)
    const startedMs = performance.now()
    const deadlineMs = startedMs + policy.hardTimeoutMs
    const flight = new Flight({
      version: ++this.#version,
      tags: policy.tags,
      deadlineMs,
      fallback,
      background,
      limits: this.#limits,
      onStale: () => this.#counts.stale++,
      onAbandoned: (abandoned, reason) => this.#abandon(key, abandoned, reason),
    })
    const limit: TimeLimit = { atMs: deadlineMs, expire: () => this.#timeOut(key, flight, policy) }
    this.#flights.set(key, flight)
    this.#limits.add(limit)
    this.#counts.loads++
    void this.#outside.runInAsyncScope(async () => {
      try {
        // Within an async function of its own: a loader that throws at once must not fail its flight before anybody is aboard.
        const value = await (async () => load(flight.context))()
        this.#land(key, flight, value, performance.now() - startedMs, policy)
      } catch (error) {
        this.#fail(key, flight, error, policy)
      } finally {
        this.#counts.loadMs += performance.now() - startedMs
        this.#limits.delete(limit)
      }
    })
    return flight
  }

  #land(key: string, flight: Flight, value: unknown, loadMs: number, policy: FullLoadPolicy): void {
    if (flight.over) return
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
    if (!flight.detached) this.#keep(key, value, loadMs, flight.version, policy)
    flight.resolve(value)
  }

  #fail(key: string, flight: Flight, error: unknown, { failureTtlMs, staleIfErrorMs }: FullLoadPolicy): void {
    if (flight.over) return
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
    this.#counts.failedLoads++
    const nowMs = this.#clock()
    const { fallback } = flight
    const stale = !flight.detached && fallback !== undefined && nowMs < fallback.freshUntilMs + staleIfErrorMs
    if (failureTtlMs > 0 && !flight.detached) {
      if (fallback !== undefined && nowMs < fallback.goneAtMs) fallback.retryAtMs = nowMs + failureTtlMs
      else this.#memory.setUntil(key, new Failed(error, nowMs + failureTtlMs), nowMs + failureTtlMs)
    }
    if (stale) {
      this.#counts.stale += flight.waiting
      flight.resolve(fallback.value)
    } else flight.reject(error)
  }

  #timeOut(key: string, flight: Flight, policy: FullLoadPolicy): void {
    const fault = new Fault(
      'FAULT_LOAD_TIMEOUT',
      `${this.#name} waited ${policy.hardTimeoutMs} ms for the load of ${key}`,
      {
        retryable: false,
        hint: 'give the loader’s own calls `ctx`, raise `hardTimeoutMs`, or let `staleIfErrorMs` bridge it',
      },
    )
    this.#fail(key, flight, fault, policy)
    flight.context.cancel(fault)
  }

  #abandon(key: string, flight: Flight, reason: unknown): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
    flight.detached = true
    flight.reject(reason)
    flight.context.cancel(reason)
  }

  #keep(key: string, value: unknown, loadMs: number, version: number, policy: FullLoadPolicy): void {
    if (policy.tags.length > 0 && this.#stamps.outdates(policy.tags, version)) return
    const kept = new Kept(value, this.#clock(), loadMs, version, policy, this.#random(), this.#stamps.count)
    this.#memory.setUntil(key, kept, kept.goneAtMs)
  }

  #alive(key: string, kept: Kept | Failed | undefined): Kept | Failed | undefined {
    if (!(kept instanceof Kept) || kept.checkedStamps === this.#stamps.count) return kept
    if (this.#outdated(kept)) {
      this.#memory.delete(key)
      return undefined
    }
    kept.checkedStamps = this.#stamps.count
    return kept
  }

  #outdated({ policy, version }: Kept): boolean {
    return policy.tags.length > 0 && this.#stamps.outdates(policy.tags, version)
  }

  #detach(key: string): void {
    const flight = this.#flights.get(key)
    if (flight === undefined) return
    flight.detached = true
    this.#flights.delete(key)
  }

  #closedFault(): Fault {
    return new Fault('FAULT_CACHE_CLOSED', `${this.#name} is closed`, { retryable: true })
  }
}

/** A failure that is remembered: the next callers get it at once, and the origin is left in peace. */
class Failed {
  constructor(
    readonly error: unknown,
    readonly retryAtMs: number,
  ) {}
}

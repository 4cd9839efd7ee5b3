/** Answers kept in memory and loaded once: however many ask for one at a time, and whatever becomes of its load. */
import { AsyncResource } from 'node:async_hooks'
import type { Ctx } from '../../context.ts'
import { deadlineFault, type TimeLimit, TimeLimits } from '../../time-limits.ts'
import { coarseNowMs } from '../memory/coarse-clock.ts'
import { everythingTag, type Invalidation, type Version } from '../tier.ts'
import { MemoryCache } from '../memory/memory-cache.ts'
import { explain, type Explanation } from './explain.ts'
import { cacheChannel, tell } from './events.ts'
import { closedFault, loadTimeoutFault } from './faults.ts'
import { Flight } from './flight.ts'
import { type CacheEntry, entryOfKept, Failed, Kept, keptOf, lifeOf } from './kept.ts'
import type { CacheCounts, CacheOptions, Loader } from './options.ts'
import { type FullLoadPolicy, fullPolicy, type LoadPolicy } from './load-policy.ts'
import { Shared, type SharedCounts } from './shared/shared.ts'
import { TagStamps } from './tag-stamps.ts'

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
  readonly #shared: Shared | undefined
  readonly #counts = { hit: 0, early: 0, stale: 0, miss: 0, coalesced: 0, loads: 0, failedLoads: 0, loadMs: 0 }
  #version = 0
  /** What is not newer nobody could contradict for a while: the tier is asked before it is served again. */
  #doubted = 0
  #closed = false

  /** @throws RangeError for a bound or duration that is none */
  constructor({
    name = 'cache',
    defaults,
    maxTags = 10_000,
    shared,
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
    const heard = { onInvalidation: this.#hear.bind(this), onGap: this.#doubt.bind(this) }
    this.#shared = shared && new Shared(shared, heard)
  }

  /** Resolves when what other processes invalidate is heard; before, what they say is learnt late, not missed. */
  async ready(): Promise<void> {
    await this.#shared?.heard
  }

  get name(): string {
    return this.#name
  }

  get counts(): CacheCounts {
    return { ...this.#counts, evicted: this.#memory.counts.evicted, ...(this.#shared?.counts ?? unshared) }
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
      if (cacheChannel.hasSubscribers) tell({ cache: this.#name, key, kind: 'hit' })
      return Promise.resolve(kept.value as Value)
    }
    return this.#decide(key, load, policy, ctx, kept) as Promise<Value>
  }

  /** What is kept under the key and still fresh; loads nothing. */
  get(key: string): unknown {
    const kept = this.#alive(key, this.#memory.get(key))
    const fresh = kept instanceof Kept && this.#clock() < kept.freshUntilMs && kept.version > this.#doubted
    this.#count(key, fresh ? 'hit' : 'miss')
    return fresh ? kept.value : undefined
  }

  /**
   * A load that is under way, here or elsewhere, will not replace it.
   * @returns in this process it holds at once; resolves when the others have been told, or after `timeoutMs`: then they will be as soon as they can
   */
  set(key: string, value: unknown, policy?: LoadPolicy): Promise<void> {
    const full = fullPolicy(policy, this.#defaults)
    this.#detach(key)
    const kept = this.#made(value, 0, ++this.#version, full)
    this.#keep(key, kept)
    return this.#shared === undefined ? done : this.#write(this.#shared, key, kept)
  }

  /** Forgets it; who asks from now on gets what is loaded from now on. @returns as `set` */
  invalidate(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.#detach(key)
      this.#memory.delete(key)
    }
    return this.#shared?.invalidate(keys, noTags) ?? done
  }

  /** Forgets all that was loaded with one of these tags, and what is being loaded with it. @returns as `set` */
  invalidateTags(...tags: readonly string[]): Promise<void> {
    const version = ++this.#version
    for (const tag of tags) this.#stamps.stamp(tag, version)
    return this.#shared?.invalidate(noTags, tags) ?? done
  }

  /** @returns as `set` */
  clear(): Promise<void> {
    for (const key of this.#flights.keys()) this.#detach(key)
    this.#memory.clear()
    return this.#shared?.invalidate(noTags, [everythingTag]) ?? done
  }

  /**
   * Loads it anew, behind whoever reads it meanwhile: before its end, or because somebody knows that it changed. Does nothing while it is being loaded.
   * What the load throws changes nothing; it is counted in `failedLoads`.
   */
  refresh(key: string, load: Loader<unknown>, policy?: LoadPolicy): void {
    const kept = this.#memory.peek(key)
    const stale = kept instanceof Kept ? kept : undefined
    if (!this.#closed && this.#current(key) === undefined)
      this.#start(key, load, policy, stale, true, stale?.sharedVersion)
  }

  /** What is kept and not over, what would leave first, first. The cache must not be written to meanwhile. */
  *entries(): Generator<CacheEntry> {
    for (const { key, value: kept } of this.#memory.entries())
      if (kept instanceof Kept && !this.#outdated(kept)) yield { key, ...entryOfKept(kept) }
  }

  /** Keeps what `entries` of an earlier process gave, in that order, as far as it is not over and nothing newer is kept. */
  restore(entries: Iterable<CacheEntry>): void {
    for (const { key, policy, ...entry } of entries) {
      if (this.#memory.has(key)) continue
      const stamp = { ...entry, missing: entry.value === undefined, tags: policy.tags ?? noTags, version: 0 }
      const full = fullPolicy(policy, this.#defaults)
      this.#keep(key, keptOf(stamp, this.#clock(), ++this.#version, full, this.#stamps.count))
    }
    // What other processes have invalidated since, nobody here heard.
    if (this.#shared !== undefined) this.#doubt()
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

  /** For a service that ends: nothing is loaded any more for anybody, and what others had not been told yet they are told. */
  close(): Promise<void> {
    this.#closed = true
    for (const [key, flight] of this.#flights) this.#abandon(key, flight, closedFault(this.#name))
    this.#limits.close()
    this.#memory.clear()
    return this.#shared?.close() ?? done
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
      this.#count(key, 'miss')
      return Promise.reject(kept.error as Error)
    }
    if (kept !== undefined && kept.version <= this.#doubted) return this.#wait(key, load, policy, ctx, kept)
    const nowMs = this.#clock()
    if (kept !== undefined && nowMs < kept.freshUntilMs) {
      const early = kept.isEarly(nowMs, this.#random()) && nowMs >= kept.retryAtMs && !this.#flights.has(key)
      this.#count(key, early ? 'early' : 'hit')
      if (early) this.#start(key, load, policy, kept, true, kept.sharedVersion)
      return Promise.resolve(kept.value)
    }
    if (kept !== undefined && (nowMs < kept.revalidateUntilMs || nowMs < kept.retryAtMs)) {
      this.#count(key, 'stale')
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
    const underWay = this.#current(key)
    this.#count(key, 'miss', underWay !== undefined)
    if (this.#closed) return Promise.reject(closedFault(this.#name))
    if (ctx?.cancelled) return Promise.reject(ctx.reason as Error)
    if (ctx !== undefined && ctx.deadlineMs <= performance.now()) return Promise.reject(deadlineFault(false))
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
    newerThan?: Version,
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
    void this.#outside.runInAsyncScope(async () => {
      try {
        if (this.#shared === undefined) {
          const { value, loadMs } = await this.#ask(key, load, flight)
          this.#land(key, flight, this.#made(value, loadMs, flight.version, policy))
        } else {
          const kept = await this.#share(this.#shared, key, load, flight, policy, background, newerThan)
          this.#land(key, flight, kept)
          // It was served stale out of the tier: one load behind those who took it.
          if (kept.freshUntilMs <= this.#clock() && !flight.detached && !background && !this.#flights.has(key))
            this.#start(key, load, partial, kept, true)
        }
      } catch (error) {
        this.#fail(key, flight, error, policy)
      } finally {
        this.#limits.delete(limit)
      }
    })
    return flight
  }

  /** Within an async function of its own: a loader that throws at once must not fail its flight before anybody is aboard. */
  async #ask(key: string, load: Loader<unknown>, flight: Flight): Promise<{ value: unknown; loadMs: number }> {
    const startedMs = performance.now()
    let failed = true
    this.#counts.loads++
    try {
      const value = await load(flight.context)
      failed = false
      return { value, loadMs: performance.now() - startedMs }
    } finally {
      const loadMs = performance.now() - startedMs
      this.#counts.loadMs += loadMs
      if (cacheChannel.hasSubscribers) tell({ cache: this.#name, key, kind: 'load', loadMs, failed })
    }
  }

  async #share(
    shared: Shared,
    key: string,
    load: Loader<unknown>,
    flight: Flight,
    policy: FullLoadPolicy,
    background: boolean,
    newerThan: Version | undefined,
  ): Promise<Kept> {
    const { staleWhileRevalidateMs, tags } = policy
    const { entry, keep } = await shared.load({
      key,
      tags,
      newerThan,
      ctx: flight.context,
      serves: ({ freshUntilMs, goneAtMs }) =>
        this.#clock() < (background ? freshUntilMs : Math.min(goneAtMs, freshUntilMs + staleWhileRevalidateMs)),
      onVersion: version => (flight.sharedVersion = version),
      onFallback: found =>
        (flight.fallback ??= keptOf(found, this.#clock(), flight.version, policy, this.#stamps.count)),
      load: async version => {
        const { value, loadMs } = await this.#ask(key, load, flight)
        const life = lifeOf(value, this.#clock(), policy, this.#random())
        return { value, ...life, version, loadMs, missing: value === undefined, tags }
      },
    })
    if (!keep) flight.detached = true
    return keptOf(entry, this.#clock(), flight.version, policy, this.#stamps.count)
  }

  #land(key: string, flight: Flight, kept: Kept): void {
    if (flight.over) return
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
    if (!flight.detached) this.#keep(key, kept)
    flight.resolve(kept.value)
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
    const fault = loadTimeoutFault(this.#name, key, policy.hardTimeoutMs)
    this.#fail(key, flight, fault, policy)
    flight.context.cancel(fault)
  }

  #abandon(key: string, flight: Flight, reason: unknown): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
    flight.detached = true
    flight.reject(reason)
    flight.context.cancel(reason)
  }

  #keep(key: string, kept: Kept): void {
    if (!this.#outdated(kept)) this.#memory.setUntil(key, kept, kept.goneAtMs)
  }

  #made(value: unknown, loadMs: number, version: Version, policy: FullLoadPolicy): Kept {
    const nowMs = this.#clock()
    const life = lifeOf(value, nowMs, policy, this.#random())
    return new Kept(value, nowMs, loadMs, version, policy, life, this.#stamps.count, 0)
  }

  async #write(shared: Shared, key: string, kept: Kept): Promise<void> {
    const { value, freshUntilMs, goneAtMs, loadMs, policy } = kept
    const entry = { value, freshUntilMs, goneAtMs, loadMs, missing: value === undefined, tags: policy.tags }
    kept.sharedVersion = (await shared.write(key, entry)) ?? 0
  }

  /** Said by another process. What is newer than that was loaded knowing it. */
  #hear({ keys, tags, version }: Invalidation): void {
    for (const key of keys) {
      const kept = this.#memory.peek(key)
      if (!(kept instanceof Kept && kept.sharedVersion > version)) this.#memory.delete(key)
      const flight = this.#flights.get(key)
      if (flight !== undefined && flight.sharedVersion <= version) this.#detach(key)
    }
    for (const tag of tags) {
      // Which of its entries are newer is not worth remembering: they are in the tier.
      if (tag === everythingTag) {
        this.#memory.clear()
        for (const [key, flight] of this.#flights) if (flight.sharedVersion <= version) this.#detach(key)
      } else this.#stamps.stamp(tag, ++this.#version)
    }
  }

  #doubt(): void {
    this.#doubted = this.#version
    this.#stamps.count++
  }

  #alive(key: string, kept: Kept | Failed | undefined): Kept | Failed | undefined {
    if (!(kept instanceof Kept) || kept.checkedStamps === this.#stamps.count) return kept
    if (this.#outdated(kept)) {
      this.#memory.delete(key)
      return undefined
    }
    if (kept.version <= this.#doubted) return kept
    kept.checkedStamps = this.#stamps.count
    return kept
  }

  #outdated({ policy, version }: Kept): boolean {
    return policy.tags.length > 0 && this.#stamps.outdates(policy.tags, version)
  }

  #count(key: string, kind: 'hit' | 'early' | 'stale' | 'miss', coalesced = false): void {
    this.#counts[kind]++
    if (cacheChannel.hasSubscribers)
      tell(kind === 'miss' ? { cache: this.#name, key, kind, coalesced } : { cache: this.#name, key, kind })
  }

  #detach(key: string): void {
    const flight = this.#flights.get(key)
    if (flight === undefined) return
    flight.detached = true
    this.#flights.delete(key)
  }
}

const done = Promise.resolve()
const noTags: readonly string[] = []
const unshared: SharedCounts = { tierHit: 0, tierFailed: 0, tierSkipped: 0, pendingInvalidations: 0 }

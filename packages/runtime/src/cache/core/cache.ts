/** Answers kept in memory and loaded once: however many ask for one at a time, and whatever becomes of its load. */
import type { Ctx } from '../../context.ts'
import { deadlineFault } from '../../time-limits.ts'
import { coarseNowMs } from '../memory/coarse-clock.ts'
import { everythingTag, type Invalidation } from '../tier.ts'
import { MemoryCache } from '../memory/memory-cache.ts'
import type { CacheParts } from './cache-parts.ts'
import { explain, type Explanation } from './explain.ts'
import { cacheChannel, tell } from './events.ts'
import { closedFault } from './faults.ts'
import { type CacheEntry, entryOfKept, Failed, Kept, keptNow, keptOf } from './kept.ts'
import { Loads } from './loads.ts'
import { type LookUp, LookUps, type Since } from './look-ups.ts'
import { type Company, Many, type ManyLoader } from './many.ts'
import type { CacheCounts, CacheOptions, Loader } from './options.ts'
import { type FullLoadPolicy, fullPolicy, type LoadPolicy } from './load-policy.ts'
import type { SharedExplanation } from './shared/explain-shared.ts'
import { Shared, type SharedCounts } from './shared/shared.ts'
import { TagStamps } from './tag-stamps.ts'

export class Cache {
  readonly #name: string
  readonly #memory: MemoryCache<string, Kept | Failed>
  readonly #defaults: FullLoadPolicy
  readonly #clock: () => number
  readonly #random: () => number
  readonly #parts: CacheParts
  readonly #loads: Loads
  /** Nobody pays for it who looks nothing up. */
  #lookUps: LookUps | undefined
  readonly #stamps: TagStamps
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
      onEvict: key => {
        if (cacheChannel.hasSubscribers) tell({ cache: name, key, kind: 'evicted' })
      },
      ...(sizeOf && {
        sizeOf: (kept: Kept | Failed, key: string) => (kept instanceof Kept ? sizeOf(kept.value, key) : 1),
      }),
    })
    const heard = { onInvalidation: this.#hear.bind(this), onGap: this.#doubt.bind(this) }
    this.#shared = shared && new Shared(shared, heard)
    this.#parts = {
      name,
      defaults: this.#defaults,
      clock,
      random,
      stamps: this.#stamps,
      shared: this.#shared,
      counts: this.#counts,
      nextVersion: () => ++this.#version,
      keep: this.#keep.bind(this),
      forget: key => this.#memory.delete(key),
      keepFailure: (key, error, untilMs) => this.#memory.setUntil(key, new Failed(error, untilMs), untilMs),
    }
    this.#loads = new Loads(this.#parts)
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

  /**
   * Each key as by `getOrLoad`, but what memory does not have is asked of the shared tier together, and what that does not have of the origin
   * together: none twice, and none that is being loaded already. A load that fails has failed for the keys it was asked for, and counts as one of each.
   *
   * ```ts
   * const users = await cache.getMany(ids, (missing, ctx) => fetchUsers(missing, ctx), { ttlMs: 30_000, negativeTtlMs: 5_000 })
   * ```
   * @returns by key; what the origin does not have is not in it
   * @throws as `getOrLoad`, when one of the keys has no answer: what of the others was found or loaded is kept
   */
  async getMany<Value>(
    keys: Iterable<string>,
    load: ManyLoader<Value>,
    policy?: LoadPolicy,
    ctx?: Ctx,
  ): Promise<ReadonlyMap<string, Value>> {
    const full = fullPolicy(policy, this.#defaults)
    const many = new Many(load, missed => this.#shared!.readMany(missed, full.tags))
    const found = await Promise.all(
      [...new Set(keys)].map(async key => {
        const loadOne = (loading: Ctx): Promise<unknown> => many.load(key, loading)
        return [key, await this.#decide(key, loadOne, full, ctx, this.#memory.get(key), many)] as const
      }),
    )
    return new Map(found.filter(([, value]) => value !== undefined)) as ReadonlyMap<string, Value>
  }

  /** What memory keeps under the key and is still fresh; loads nothing, and does not ask the shared tier: `lookUp` does. */
  get(key: string): unknown {
    const kept = this.#fresh(key)
    this.#count(key, kept === undefined ? 'miss' : 'hit')
    return kept?.value
  }

  /**
   * For what no loader makes, such as an answer of HTTP: as `get`, and where memory has nothing that serves, the shared tier is asked. Many who
   * ask at once make one question. Whoever then makes the answer gives it to `fill` with `since`.
   * @param serves whether what memory has will do; what does not is still given where the tier has none
   */
  async lookUp(key: string, serves: (value: unknown) => boolean = always): Promise<LookUp> {
    // From the first look-up on it has to know what is declared untrue.
    this.#lookUps ??= new LookUps(this.#parts)
    const kept = this.#fresh(key)
    const isHit = kept?.value !== undefined && serves(kept.value)
    this.#count(key, isHit ? 'hit' : 'miss')
    if (isHit) return { value: kept.value, since: { version: ++this.#version, sharedVersion: 0 } }
    return await this.#lookUps.find(key, kept?.value)
  }

  /**
   * Keeps, here and in the shared tier, what was made since a look-up of this key or of another one.
   * @returns false when it is not kept: the key or a tag of it was declared untrue since, here or elsewhere, or the tier has a newer one
   */
  async fill(key: string, value: unknown, since: Since, policy?: LoadPolicy): Promise<boolean> {
    if (this.#closed || this.#lookUps === undefined) return false
    return await this.#lookUps.keep(key, value, since, policy)
  }

  /**
   * A load that is under way, here or elsewhere, will not replace it.
   * @returns in this process it holds at once; resolves when the others have been told, or after `timeoutMs`: then they will be as soon as they can
   */
  set(key: string, value: unknown, policy?: LoadPolicy): Promise<void> {
    const full = fullPolicy(policy, this.#defaults)
    this.#supersede(key)
    const written = { value, loadMs: 0, version: ++this.#version, policy: full }
    const kept = keptNow(written, this.#clock(), this.#random(), this.#stamps.count)
    this.#keep(key, kept)
    return this.#shared === undefined ? done : this.#write(this.#shared, key, kept)
  }

  /** Forgets it; who asks from now on gets what is loaded from now on. @returns as `set` */
  invalidate(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.#supersede(key)
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
    this.#loads.detachAll()
    this.#lookUps?.stampEverything()
    this.#memory.clear()
    return this.#shared?.invalidate(noTags, [everythingTag]) ?? done
  }

  /**
   * Loads it anew, behind whoever reads it meanwhile: before its end, or because somebody knows that it changed. Does nothing while it is being loaded.
   * What the load throws changes nothing; it is counted in `failedLoads`.
   */
  refresh(key: string, load: Loader<unknown>, policy?: LoadPolicy): void {
    const kept = this.#memory.peek(key)
    const fallback = kept instanceof Kept ? kept : undefined
    if (!this.#closed && this.#loads.current(key) === undefined)
      this.#loads.start(key, { load, policy, fallback, background: true, newerThan: fallback?.sharedVersion })
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

  /** What would happen to a call for this key now in this process, and why; of the shared tier nothing: `explainShared`. Changes nothing. */
  explain(key: string): Explanation {
    const kept = this.#memory.peek(key)
    const waiting = this.#loads.waiting(key)
    const loading = waiting === undefined ? undefined : { waiting }
    if (kept instanceof Failed)
      return { key, state: 'failed', error: kept.error, retryInMs: kept.retryAtMs - this.#clock(), loading }
    return explain(key, kept, kept !== undefined && this.#outdated(kept), this.#clock(), loading)
  }

  /** As `explain`, and what the shared tier has: what memory does not have may be fresh there. Asks it whatever it failed before; changes nothing. */
  async explainShared(key: string): Promise<SharedExplanation> {
    const { tier, lease } = (await this.#shared?.explain(key)) ?? {}
    return { key, memory: this.explain(key), tier, lease }
  }

  /** For a service that ends: nothing is loaded any more for anybody, and what others had not been told yet they are told. */
  close(): Promise<void> {
    this.#closed = true
    this.#loads.close()
    this.#memory.clear()
    return this.#shared?.close() ?? done
  }

  #decide(
    key: string,
    load: Loader<unknown>,
    policy: LoadPolicy | undefined,
    ctx: Ctx | undefined,
    found: Kept | Failed | undefined,
    company?: Company,
  ): Promise<unknown> {
    const kept = this.#alive(key, found)
    if (kept instanceof Failed) {
      this.#count(key, 'miss')
      return Promise.reject(kept.error as Error)
    }
    if (kept !== undefined && kept.version <= this.#doubted) return this.#wait(key, load, policy, ctx, kept, company)
    const nowMs = this.#clock()
    if (kept !== undefined && nowMs < kept.freshUntilMs) {
      const early = kept.isEarly(nowMs, this.#random()) && nowMs >= kept.retryAtMs && !this.#loads.has(key)
      this.#count(key, early ? 'early' : 'hit')
      if (early)
        this.#loads.start(key, {
          load,
          policy,
          fallback: kept,
          background: true,
          newerThan: kept.sharedVersion,
          company,
        })
      return Promise.resolve(kept.value)
    }
    if (kept !== undefined && (nowMs < kept.revalidateUntilMs || nowMs < kept.retryAtMs)) {
      this.#count(key, 'stale')
      if (nowMs >= kept.retryAtMs && !this.#loads.has(key))
        this.#loads.start(key, { load, policy, fallback: kept, background: true, company })
      return Promise.resolve(kept.value)
    }
    return this.#wait(key, load, policy, ctx, kept, company)
  }

  #wait(
    key: string,
    load: Loader<unknown>,
    policy: LoadPolicy | undefined,
    ctx: Ctx | undefined,
    stale: Kept | undefined,
    company: Company | undefined,
  ): Promise<unknown> {
    const underWay = this.#loads.current(key)
    this.#count(key, 'miss', underWay !== undefined)
    if (this.#closed) return Promise.reject(closedFault(this.#name))
    if (ctx?.cancelled) return Promise.reject(ctx.reason as Error)
    if (ctx !== undefined && ctx.deadlineMs <= performance.now()) return Promise.reject(deadlineFault(false))
    if (underWay !== undefined) this.#counts.coalesced++
    const flight = underWay ?? this.#loads.start(key, { load, policy, fallback: stale, company })
    const { softTimeoutMs } = fullPolicy(policy, this.#defaults)
    return flight.join(ctx, stale, softTimeoutMs === Infinity ? Infinity : performance.now() + softTimeoutMs)
  }

  #keep(key: string, kept: Kept): void {
    if (!this.#outdated(kept)) this.#memory.setUntil(key, kept, kept.goneAtMs)
  }

  /** What is being loaded or made now may not replace what comes next. */
  #supersede(key: string): void {
    this.#loads.detach(key)
    this.#lookUps?.stamp(key)
  }

  async #write(shared: Shared, key: string, kept: Kept): Promise<void> {
    kept.sharedVersion = (await shared.write(key, kept)) ?? 0
  }

  /** Said by another process. What is newer than that was loaded knowing it. */
  #hear({ keys, tags, version }: Invalidation): void {
    for (const key of keys) {
      const kept = this.#memory.peek(key)
      if (!(kept instanceof Kept && kept.sharedVersion > version)) this.#memory.delete(key)
      this.#loads.detachUpTo(key, version)
      this.#lookUps?.stamp(key)
    }
    for (const tag of tags) {
      // Which of its entries are newer is not worth remembering: they are in the tier.
      if (tag === everythingTag) {
        this.#memory.clear()
        this.#loads.detachAll(version)
        this.#lookUps?.stampEverything()
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

  #fresh(key: string): Kept | undefined {
    const kept = this.#alive(key, this.#memory.get(key))
    const isFresh = kept instanceof Kept && this.#clock() < kept.freshUntilMs && kept.version > this.#doubted
    return isFresh ? kept : undefined
  }

  #outdated({ policy, version }: Kept): boolean {
    return policy.tags.length > 0 && this.#stamps.outdates(policy.tags, version)
  }

  #count(key: string, kind: 'hit' | 'early' | 'stale' | 'miss', coalesced = false): void {
    this.#counts[kind]++
    if (cacheChannel.hasSubscribers)
      tell(kind === 'miss' ? { cache: this.#name, key, kind, coalesced } : { cache: this.#name, key, kind })
  }
}

const done = Promise.resolve()
const always = (): boolean => true
const noTags: readonly string[] = []
const unshared: SharedCounts = { tierHit: 0, tierFailed: 0, tierSkipped: 0, pendingInvalidations: 0 }

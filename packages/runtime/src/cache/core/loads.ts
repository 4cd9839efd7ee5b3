/** The loads of a cache: each begun once, and ended by its answer, its failure, its time, or because nobody waits any more. */
import { AsyncResource } from 'node:async_hooks'
import { type TimeLimit, TimeLimits } from '../../time-limits.ts'
import type { Version } from '../tier.ts'
import type { CacheParts } from './cache-parts.ts'
import { cacheChannel, tell } from './events.ts'
import { closedFault, loadTimeoutFault } from './faults.ts'
import { Flight } from './flight.ts'
import { type Kept, keptNow, keptOf, lifeOf } from './kept.ts'
import { type FullLoadPolicy, fullPolicy, type LoadPolicy } from './load-policy.ts'
import type { Company } from './many.ts'
import type { Loader } from './options.ts'
import type { Shared } from './shared/shared.ts'

export interface LoadPlan {
  readonly load: Loader<unknown>
  readonly policy: LoadPolicy | undefined
  /** What is served where the load fails or takes too long. */
  readonly fallback: Kept | undefined
  /** It goes on whoever waits. Default false. */
  readonly background?: boolean
  /** Of the shared tier: what it has is no answer unless it is newer. */
  readonly newerThan?: Version | undefined
  /** Of those it was asked for with. */
  readonly company?: Company | undefined
}

export class Loads {
  readonly #cache: CacheParts
  readonly #flights = new Map<string, Flight>()
  readonly #limits = new TimeLimits()
  // A load answers several requests, so it must not carry the context of one of them.
  readonly #outside = new AsyncResource('whetstone.cache')

  constructor(cache: CacheParts) {
    this.#cache = cache
  }

  has(key: string): boolean {
    return this.#flights.has(key)
  }

  /** How many wait for it; undefined when it is not being loaded. */
  waiting(key: string): number | undefined {
    return this.#flights.get(key)?.waiting
  }

  /** The load under way, unless one of its tags was invalidated since it began. */
  current(key: string): Flight | undefined {
    const flight = this.#flights.get(key)
    if (flight === undefined || !this.#cache.stamps.outdates(flight.tags, flight.version)) return flight
    this.detach(key)
    return undefined
  }

  start(key: string, plan: LoadPlan): Flight {
    const { clock, random, stamps, shared, defaults, counts } = this.#cache
    const { fallback, background = false } = plan
    const policy = fullPolicy(plan.policy, defaults)
    const deadlineMs = performance.now() + policy.hardTimeoutMs
    const flight = new Flight({
      version: this.#cache.nextVersion(),
      tags: policy.tags,
      deadlineMs,
      fallback,
      background,
      limits: this.#limits,
      onStale: () => counts.stale++,
      onAbandoned: (abandoned, reason) => this.#abandon(key, abandoned, reason),
    })
    const limit: TimeLimit = { atMs: deadlineMs, expire: () => this.#timeOut(key, flight, policy) }
    this.#flights.set(key, flight)
    this.#limits.add(limit)
    void this.#outside.runInAsyncScope(async () => {
      try {
        if (shared === undefined) {
          const { value, loadMs } = await this.#ask(key, plan.load, flight)
          const loaded = { value, loadMs, version: flight.version, policy }
          this.#land(key, flight, keptNow(loaded, clock(), random(), stamps.count))
        } else await this.#runShared(shared, key, flight, plan, policy)
      } catch (error) {
        this.#fail(key, flight, error, policy)
      } finally {
        this.#limits.delete(limit)
        plan.company?.leave(flight.context)
      }
    })
    return flight
  }

  /** Those who wait get its answer; nobody later does. */
  detach(key: string): void {
    const flight = this.#flights.get(key)
    if (flight === undefined) return
    flight.detached = true
    this.#flights.delete(key)
  }

  /** @param version of the shared tier; default: all of them */
  detachAll(version: Version = Infinity): void {
    for (const key of this.#flights.keys()) this.detachUpTo(key, version)
  }

  /** Unless it asked the shared tier after that version. */
  detachUpTo(key: string, version: Version): void {
    const flight = this.#flights.get(key)
    if (flight !== undefined && flight.sharedVersion <= version) this.detach(key)
  }

  close(): void {
    for (const [key, flight] of this.#flights) this.#abandon(key, flight, closedFault(this.#cache.name))
    this.#limits.close()
  }

  async #runShared(shared: Shared, key: string, flight: Flight, plan: LoadPlan, policy: FullLoadPolicy): Promise<void> {
    const kept = await this.#share(shared, key, flight, plan, policy)
    this.#land(key, flight, kept)
    // It was served stale out of the tier: one load behind those who took it.
    if (kept.freshUntilMs <= this.#cache.clock() && !flight.detached && !plan.background && !this.#flights.has(key))
      this.start(key, { load: plan.load, policy: plan.policy, fallback: kept, background: true, company: plan.company })
  }

  /** Within an async function of its own: a loader that throws at once must not fail its flight before anybody is aboard. */
  async #ask(key: string, load: Loader<unknown>, flight: Flight): Promise<{ value: unknown; loadMs: number }> {
    const { name, counts } = this.#cache
    const startedMs = performance.now()
    let failed = true
    counts.loads++
    try {
      const value = await load(flight.context)
      failed = false
      return { value, loadMs: performance.now() - startedMs }
    } finally {
      const loadMs = performance.now() - startedMs
      counts.loadMs += loadMs
      if (cacheChannel.hasSubscribers) tell({ cache: name, key, kind: 'load', loadMs, failed })
    }
  }

  async #share(shared: Shared, key: string, flight: Flight, plan: LoadPlan, policy: FullLoadPolicy): Promise<Kept> {
    const { clock, random, stamps } = this.#cache
    const { load, background = false, newerThan, company } = plan
    const { staleWhileRevalidateMs, tags } = policy
    const { entry, keep } = await shared.load({
      key,
      tags,
      newerThan,
      ctx: flight.context,
      company,
      serves: ({ freshUntilMs, goneAtMs }) =>
        clock() < (background ? freshUntilMs : Math.min(goneAtMs, freshUntilMs + staleWhileRevalidateMs)),
      onVersion: version => (flight.sharedVersion = version),
      onFallback: found => (flight.fallback ??= keptOf(found, clock(), flight.version, policy, stamps.count)),
      load: async version => {
        const { value, loadMs } = await this.#ask(key, load, flight)
        const life = lifeOf(value, clock(), policy, random())
        return { value, ...life, version, loadMs, missing: value === undefined, tags }
      },
    })
    if (!keep) flight.detached = true
    return keptOf(entry, clock(), flight.version, policy, stamps.count)
  }

  #land(key: string, flight: Flight, kept: Kept): void {
    if (flight.over) return
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
    if (!flight.detached) this.#cache.keep(key, kept)
    flight.resolve(kept.value)
  }

  #fail(key: string, flight: Flight, error: unknown, { failureTtlMs, staleIfErrorMs }: FullLoadPolicy): void {
    if (flight.over) return
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
    this.#cache.counts.failedLoads++
    const nowMs = this.#cache.clock()
    const { fallback } = flight
    const stale = !flight.detached && fallback !== undefined && nowMs < fallback.freshUntilMs + staleIfErrorMs
    if (failureTtlMs > 0 && !flight.detached) {
      if (fallback !== undefined && nowMs < fallback.goneAtMs) fallback.retryAtMs = nowMs + failureTtlMs
      else this.#cache.keepFailure(key, error, nowMs + failureTtlMs)
    }
    if (stale) {
      this.#cache.counts.stale += flight.waiting
      flight.resolve(fallback.value)
    } else flight.reject(error)
  }

  #timeOut(key: string, flight: Flight, policy: FullLoadPolicy): void {
    const fault = loadTimeoutFault(this.#cache.name, key, policy.hardTimeoutMs)
    this.#fail(key, flight, fault, policy)
    flight.context.cancel(fault)
  }

  #abandon(key: string, flight: Flight, reason: unknown): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
    flight.detached = true
    flight.reject(reason)
    flight.context.cancel(reason)
  }
}

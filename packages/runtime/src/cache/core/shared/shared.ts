/** What a cache has in common with those of other processes: a tier below memory, one load for all of them, and word of what became untrue. */
import { type PayloadOptions, Payloads } from '../../codec/payload.ts'
import type { Invalidation, InvalidationBus, Leases, Tier } from '../../tier.ts'
import type { Kept } from '../kept.ts'
import { Breaker } from './breaker.ts'
import { explainLease, explainTier, type SharedExplanation } from './explain-shared.ts'
import { type Found, GuardedTier, type SharedEntry } from './guarded-tier.ts'
import { Invalidations } from './invalidations.ts'
import { Listening } from './listening.ts'
import { type Arrival, type SharedLoadPlan, SharedLoads } from './shared-load.ts'

export interface SharedOptions {
  readonly tier: Tier
  /** Without them each process loads for itself what the tier does not have. */
  readonly leases?: Leases
  /** Without it other processes serve from memory what one has invalidated, until its time is over. */
  readonly bus?: InvalidationBus
  /** How values are written for the tier. Default JSON, not compressed. */
  readonly payload?: PayloadOptions
  /** A question to the tier that takes longer is given up, and the origin asked instead. Milliseconds, default 250. */
  readonly timeoutMs?: number
  /** So many failures in a row, and the tier is left in peace for `pauseMs`. Default 5. */
  readonly failuresToPause?: number
  /** Default 1,000. */
  readonly pauseMs?: number
  /** After so long without a sign of the process that loads, another one may. It gives one every third of this. Default 2,000. */
  readonly leaseHoldMs?: number
  /** Invalidations kept while the tier cannot be told; beyond, everything is invalidated instead. Default 10,000. */
  readonly maxPendingInvalidations?: number
}

export interface SharedCounts {
  /** Misses of memory that the tier answered. */
  readonly tierHit: number
  /** Questions to the tier that failed or took too long. */
  readonly tierFailed: number
  /** Questions that were not asked, the last ones having failed. */
  readonly tierSkipped: number
  /** Invalidations the tier or the others have not been told of yet. */
  readonly pendingInvalidations: number
}

/** What the bus tells, of other processes only. */
interface Heard {
  onInvalidation(this: void, invalidation: Invalidation): void
  onGap(this: void): void
}

export class Shared {
  /** Resolves when what other processes invalidate is heard. */
  readonly heard: Promise<void>
  readonly #options: SharedOptions
  readonly #timeoutMs: number
  readonly #tier: GuardedTier
  readonly #invalidations: Invalidations
  readonly #loads: SharedLoads
  readonly #listening: Listening | undefined
  #tierHit = 0

  /** @throws RangeError for a bound that is none */
  constructor(options: SharedOptions, { onInvalidation, onGap }: Heard) {
    const {
      tier,
      leases,
      bus,
      payload,
      timeoutMs = 250,
      failuresToPause = 5,
      pauseMs = 1_000,
      leaseHoldMs = 2_000,
      maxPendingInvalidations = 10_000,
    } = options
    for (const [name, value] of Object.entries({
      timeoutMs,
      failuresToPause,
      pauseMs,
      leaseHoldMs,
      maxPendingInvalidations,
    }))
      if (!(value > 0)) throw new RangeError(`${name} of a cache must be above 0, not ${value}`)
    this.#options = options
    this.#timeoutMs = timeoutMs
    this.#invalidations = new Invalidations({ tier, bus, timeoutMs, maxPending: maxPendingInvalidations })
    const breaker = new Breaker(failuresToPause, pauseMs)
    this.#tier = new GuardedTier(tier, new Payloads(payload), this.#invalidations, breaker, timeoutMs)
    this.#loads = new SharedLoads(this.#tier, leases, leaseHoldMs, timeoutMs)
    this.#listening =
      bus && new Listening(bus, heard => this.#invalidations.isEcho(heard) || onInvalidation(heard), onGap)
    this.heard = this.#listening?.heard ?? Promise.resolve()
  }

  get counts(): SharedCounts {
    return {
      tierHit: this.#tierHit,
      tierFailed: this.#tier.failures,
      tierSkipped: this.#tier.skipped,
      pendingInvalidations: this.#invalidations.pending,
    }
  }

  async load(plan: SharedLoadPlan): Promise<Arrival> {
    const arrival = await this.#loads.run(plan)
    if (arrival.shared) this.#tierHit++
    return arrival
  }

  /** What the tier has, be it stale, without a load. */
  async read(key: string): Promise<Found> {
    const found = await this.#tier.read(key, [])
    if (found.entry !== undefined) this.#tierHit++
    return found
  }

  /** In the order of the keys. What of it is served is counted by who serves it. @param tags that the entries are expected to carry */
  readMany(keys: readonly string[], tags: readonly string[]): Promise<readonly Found[]> {
    return this.#tier.readMany(keys, tags)
  }

  /** @returns false when the tier knows better: it has what is newer, or a deletion; true also when it could not say */
  async keep(key: string, kept: Kept): Promise<boolean> {
    return (await this.#tier.write(key, { ...entryOf(kept), version: kept.sharedVersion })) !== false
  }

  async explain(key: string): Promise<Pick<SharedExplanation, 'tier' | 'lease'>> {
    const { tier, leases } = this.#options
    const isUntold = (tags: readonly string[]): boolean => this.#invalidations.concerns(key, tags)
    const [has, lease] = await Promise.all([
      explainTier(key, tier, this.#timeoutMs, isUntold),
      explainLease(key, leases, this.#timeoutMs),
    ])
    return { tier: has, lease }
  }

  /** @returns when tier and others have been told, or after `timeoutMs`: then they will be as soon as they can */
  async invalidate(keys: readonly string[], tags: readonly string[]): Promise<void> {
    await this.#soon(this.#invalidations.tell(keys, tags))
  }

  /** Whatever is being loaded anywhere loses against it. @returns the version it has in the tier; undefined when it is not there */
  async write(key: string, kept: Kept): Promise<number | undefined> {
    const deleted = await this.#soon(this.#invalidations.tell([key], []))
    if (deleted === undefined) return undefined
    // The smallest that the mark of the deletion does not refuse.
    const version = deleted + 1
    return (await this.#tier.write(key, { ...entryOf(kept), version })) === true ? version : undefined
  }

  /** What was declared untrue is told once more; tier, leases and bus are as they were found, save for what they opened. */
  async close(): Promise<void> {
    await Promise.all([this.#soon(this.#invalidations.close()), this.#listening?.close()])
    await Promise.all([this.#options.leases?.close(), this.#options.tier.close()])
  }

  #soon<Value>(promise: Promise<Value>): Promise<Value | undefined> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => resolve(undefined), this.#timeoutMs)
      promise.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }
}

function entryOf({ value, freshUntilMs, goneAtMs, loadMs, policy }: Kept): Omit<SharedEntry, 'version'> {
  return { value, freshUntilMs, goneAtMs, loadMs, missing: value === undefined, tags: policy.tags }
}

/** What a store has to promise to be a tier of the cache: three small contracts, and a cache that needs nothing else of it. */
import type { Ctx } from '../context.ts'

/**
 * A place where increasing numbers come from: the store's own clock in microseconds where it has one (Redis `TIME`, PostgreSQL
 * `clock_timestamp()`), else the process's, never going back. Compared, never read as a time. Safe integers, 0 is older than any.
 */
export type Version = number

/** What every tier keeps with a value, so that the tier above can never serve it for longer than the tier below. */
export interface EntryStamp {
  /** Milliseconds since 1970. From then on stale: served only while it is loaded anew, or when that fails. */
  readonly freshUntilMs: number
  /** Milliseconds since 1970, no earlier than `freshUntilMs`. From then on gone, in this tier and in each above; `Infinity` for never. */
  readonly goneAtMs: number
  /** Of the lookup that missed, before the load began: what was invalidated after that makes this entry worthless. */
  readonly version: Version
  /** What the load took, in milliseconds; 0 when it was written, not loaded. Early refresh is decided by it. */
  readonly loadMs: number
  /** The origin has no such thing, and that is what is remembered. */
  readonly missing: boolean
  /** At most a few; an entry whose tag was invalidated at its version or later is as good as deleted. */
  readonly tags: readonly string[]
}

export interface TierEntry extends EntryStamp {
  /** As the codec made it; empty when `missing`. A tier neither reads nor changes it. */
  readonly payload: Uint8Array
}

export interface Lookup {
  /** Undefined when there is none, when it is gone by its `goneAtMs`, or when what is stored cannot be read: a tier never throws for that. */
  readonly entry: TierEntry | undefined
  /** Now, by the tier: taken at the latest when the entry was read. A `set` that carries it loses to every later delete. */
  readonly version: Version
}

/**
 * A store shared by processes. Every method may fail, and is cancelled with `ctx`; the cache then goes on without it, so a tier
 * neither retries nor answers `undefined` where it could not ask. None of them may wait longer than the deadline of `ctx`.
 * What is deleted leaves a mark with its version for at least `tombstoneMs`, longer than any load may last.
 */
export interface Tier {
  /** In counters, faults and telemetry: `redis`, `memcached`, `postgres`. */
  readonly name: string
  get(key: string, ctx?: Ctx): Promise<Lookup>
  /** In the order of the keys, in one round trip where the store can. */
  getMany(keys: readonly string[], ctx?: Ctx): Promise<readonly Lookup[]>
  /**
   * Keeps the entry until its `goneAtMs`, not a moment longer. Atomic: of two entries of a key the one with the larger version stays, in
   * whatever order they come; of equal versions the later.
   * @returns false when it was refused: the key has a larger version, or was deleted at this version or a later one
   */
  set(key: string, entry: TierEntry, ctx?: Ctx): Promise<boolean>
  /** Also when there is nothing: what is being loaded now must be refused later. @returns the version of the deletion */
  delete(keys: readonly string[], ctx?: Ctx): Promise<Version>
  /** Invalidates all that carries one of these tags, without looking for it. Kept for as long as an entry may live. @returns the version of the stamp */
  stampTags(tags: readonly string[], ctx?: Ctx): Promise<Version>
  /** When each was last stamped, in the order asked for; 0 for never. */
  tagStamps(tags: readonly string[], ctx?: Ctx): Promise<readonly Version[]>
  close(): Promise<void>
}

/** Carried by every entry of a cache without being written into it: its stamp is how a cache is cleared. No tag of a user may be this. */
export const everythingTag = '*'

/** What one process tells the others; a message that came twice or late does no harm. */
export interface Invalidation {
  readonly keys: readonly string[]
  readonly tags: readonly string[]
  /** Everything older than this is meant; what was loaded later stays. */
  readonly version: Version
}

/** Tells the memory tiers of other processes what is no longer true. At least once, in any order. */
export interface InvalidationBus {
  /** Rejects when it could not be told to the others: the caller keeps it and tells it again. */
  publish(invalidation: Invalidation): Promise<void>
  /**
   * `onInvalidation` also hears what was published by this process.
   * `onGap` is called when messages may have been lost (the connection was cut, the log was trimmed), after the bus hears again:
   * whoever listens must then doubt everything read before.
   * @returns what ends the listening
   */
  subscribe(onInvalidation: (invalidation: Invalidation) => void, onGap: () => void): Promise<() => Promise<void>>
}

/** How a load ended, for processes that waited for it. `lost`: its lease ran out, somebody else may take it. */
export type LoadOutcome =
  { readonly kind: 'stored' } | { readonly kind: 'failed'; readonly message: string } | { readonly kind: 'lost' }

export interface Lease {
  /** Larger than that of every lease of the key before: what carries a smaller one comes from a process that was thought dead. */
  readonly fence: Version
  /** Holds it for `holdMs` from now: what a holder that lives does in good time. @returns false when it ran out before */
  extend(holdMs: number): Promise<boolean>
  /** Ends it and wakes who waits, whether the load succeeded or failed. Never throws for a lease that ran out. */
  release(outcome: LoadOutcome): Promise<void>
}

/** Lets one process of all load a key. */
export interface Leases {
  /** @returns undefined while another process holds it. It runs out by itself after `holdMs`: its holder may have died */
  take(key: string, holdMs: number, ctx?: Ctx): Promise<Lease | undefined>
  /**
   * Until the holder has released it, or it has run out, or at the latest `untilMs` (since 1970).
   * @returns what the holder said, also when that was a moment before the waiting began
   */
  wait(key: string, untilMs: number, ctx?: Ctx): Promise<LoadOutcome>
  /** For people: whether a process holds it at the moment. Changes nothing. */
  isHeld(key: string, ctx?: Ctx): Promise<boolean>
  /** What it opened itself; a lease that is held runs out. */
  close(): Promise<void>
}

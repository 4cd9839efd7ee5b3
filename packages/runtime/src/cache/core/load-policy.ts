/** How long a loaded answer may be served, and what is done when it no longer may: what callers say, checked once and with every default in place. */

export interface LoadPolicy {
  /** How long an answer is fresh, in milliseconds. Default 60,000. */
  readonly ttlMs?: number
  /** Each answer lives shorter by up to this fraction of `ttlMs`, so that what was loaded together does not end together. 0 to 1, default 0.1. */
  readonly jitterFraction?: number
  /** After `ttlMs`, for so long, an answer is still served at once while it is loaded anew behind the callers. Default 0. */
  readonly staleWhileRevalidateMs?: number
  /** After `ttlMs`, for so long, an answer is served where its load fails. Default 0. */
  readonly staleIfErrorMs?: number
  /** How long `undefined`, which says that the origin has no such thing, is remembered. Default 0: not at all. */
  readonly negativeTtlMs?: number
  /** After a failed load, for so long, nobody tries again: callers get what is stale, else the same failure, at once. Default 0. */
  readonly failureTtlMs?: number
  /** How eagerly an answer is loaded before its end: 1 (default) weighs the cost of its load as the paper does, 0 never does. */
  readonly earlyBeta?: number
  /** Who would wait longer for a load gets what is stale, where there is any. Default `Infinity`. */
  readonly softTimeoutMs?: number
  /** A load that takes longer is cancelled and has failed. Default 30,000. */
  readonly hardTimeoutMs?: number
  /** By which this answer can be invalidated together with others. */
  readonly tags?: readonly string[]
}

export type FullLoadPolicy = Required<LoadPolicy>

const noTags: readonly string[] = []

const defaults: FullLoadPolicy = {
  ttlMs: 60_000,
  jitterFraction: 0.1,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  negativeTtlMs: 0,
  failureTtlMs: 0,
  earlyBeta: 1,
  softTimeoutMs: Infinity,
  hardTimeoutMs: 30_000,
  tags: noTags,
}

/** @throws RangeError for a duration below 0, or a fraction that is none */
export function fullPolicy(policy: LoadPolicy | undefined, from: FullLoadPolicy = defaults): FullLoadPolicy {
  if (policy === undefined) return from
  const full = { ...from, ...policy }
  for (const [name, value] of Object.entries(full))
    if (typeof value === 'number' && !(value >= 0))
      throw new RangeError(`${name} of a cache must be at least 0, not ${value}`)
  if (full.jitterFraction > 1)
    throw new RangeError(`jitterFraction of a cache must be at most 1, not ${full.jitterFraction}`)
  return full
}

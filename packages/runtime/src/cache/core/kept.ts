/** An answer as the memory tier keeps it, with all that decides on its next use worked out when it was stored. */
import type { Version } from '../tier.ts'
import type { FullLoadPolicy, LoadPolicy } from './load-policy.ts'
import type { SharedEntry } from './shared/guarded-tier.ts'

/** Beyond this many load times before the end no draw can ask for an early load: -ln of the smallest number `Math.random` gives above 0. */
const longestDraw = 53 * Math.LN2

export class Kept {
  readonly freshUntilMs: number
  readonly goneAtMs: number
  /** Until then it is simply a hit: nothing needs to be drawn or compared. */
  readonly plainUntilMs: number
  readonly revalidateUntilMs: number
  /** Nobody tries a load before: the last one failed. */
  retryAtMs = 0
  /** Of the cache's stamps, when the tags were last compared with them. */
  checkedStamps: number

  constructor(
    /** `undefined` when the origin has no such thing. */
    readonly value: unknown,
    readonly storedAtMs: number,
    readonly loadMs: number,
    readonly version: Version,
    readonly policy: FullLoadPolicy,
    { freshUntilMs, goneAtMs }: Life,
    checkedStamps: number,
    /** Of the tier that has it too; 0 when none has. */
    public sharedVersion: Version,
  ) {
    this.freshUntilMs = freshUntilMs
    this.goneAtMs = goneAtMs
    this.revalidateUntilMs = Math.min(goneAtMs, freshUntilMs + policy.staleWhileRevalidateMs)
    this.plainUntilMs = freshUntilMs - longestDraw * policy.earlyBeta * loadMs
    this.checkedStamps = checkedStamps
  }

  /**
   * Whether this caller should have it loaded anew before its end: the dearer the load and the nearer the end, the likelier, so that of many
   * callers one begins in time. Vattani et al., "Optimal probabilistic cache stampede prevention", VLDB 2015.
   * @param random 0 to 1
   */
  isEarly(nowMs: number, random: number): boolean {
    return nowMs - Math.log(random) * this.policy.earlyBeta * this.loadMs >= this.freshUntilMs
  }
}

/** Milliseconds since 1970. */
export interface Life {
  readonly freshUntilMs: number
  readonly goneAtMs: number
}

/** @param random 0 to 1, for the jitter */
export function lifeOf(value: unknown, storedAtMs: number, policy: FullLoadPolicy, random: number): Life {
  const { ttlMs, negativeTtlMs, jitterFraction, staleWhileRevalidateMs, staleIfErrorMs } = policy
  const freshUntilMs = storedAtMs + (value === undefined ? negativeTtlMs : ttlMs) * (1 - jitterFraction * random)
  return { freshUntilMs, goneAtMs: freshUntilMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs) }
}

/** What was loaded or written just now, in this process alone. @param random 0 to 1, for the jitter */
export function keptNow(
  { value, loadMs, version, policy }: Pick<Kept, 'value' | 'loadMs' | 'version' | 'policy'>,
  nowMs: number,
  random: number,
  checkedStamps: number,
): Kept {
  const life = lifeOf(value, nowMs, policy, random)
  return new Kept(value, nowMs, loadMs, version, policy, life, checkedStamps, 0)
}

/** What the tier has, as memory keeps it: its life is the tier's, so that memory never outlives it. */
export function keptOf(
  entry: SharedEntry,
  nowMs: number,
  version: Version,
  policy: FullLoadPolicy,
  checkedStamps: number,
): Kept {
  const { value, loadMs, tags } = entry
  const own = tags.length === 0 && policy.tags.length === 0 ? policy : { ...policy, tags }
  return new Kept(value, nowMs, loadMs, version, own, entry, checkedStamps, entry.version)
}

/** A failure that is remembered: the next callers get it at once, and the origin is left in peace. */
export class Failed {
  constructor(
    readonly error: unknown,
    readonly retryAtMs: number,
  ) {}
}

/** What outlives the process that loaded it, as plain data. */
export interface CacheEntry {
  readonly key: string
  readonly value: unknown
  /** Milliseconds since 1970. */
  readonly freshUntilMs: number
  /** Milliseconds since 1970. */
  readonly goneAtMs: number
  readonly loadMs: number
  /** By which it was loaded. */
  readonly policy: LoadPolicy
}

export function entryOfKept({ value, freshUntilMs, goneAtMs, loadMs, policy }: Kept): Omit<CacheEntry, 'key'> {
  return { value, freshUntilMs, goneAtMs, loadMs, policy }
}

/** An answer as the memory tier keeps it, with all that decides on its next use worked out when it was stored. */
import type { Version } from '../tier.ts'
import type { FullLoadPolicy } from './load-policy.ts'

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

  /** @param random 0 to 1, for the jitter */
  constructor(
    /** `undefined` when the origin has no such thing. */
    readonly value: unknown,
    readonly storedAtMs: number,
    readonly loadMs: number,
    readonly version: Version,
    readonly policy: FullLoadPolicy,
    random: number,
    checkedStamps: number,
  ) {
    const { ttlMs, negativeTtlMs, jitterFraction, staleWhileRevalidateMs, staleIfErrorMs, earlyBeta } = policy
    const freshMs = (value === undefined ? negativeTtlMs : ttlMs) * (1 - jitterFraction * random)
    this.freshUntilMs = storedAtMs + freshMs
    this.revalidateUntilMs = this.freshUntilMs + staleWhileRevalidateMs
    this.goneAtMs = this.freshUntilMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs)
    this.plainUntilMs = this.freshUntilMs - longestDraw * earlyBeta * loadMs
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

/** What the tier has of a key, and whether some process is loading it: for people, so in durations from now, and asked past every pause. */
import { Context } from '../../../context.ts'
import { everythingTag, type Leases, type Tier } from '../../tier.ts'
import { within } from '../../within.ts'
import type { Explanation } from '../explain.ts'

export type TierExplanation = {
  /** `redis`, `postgres`, `memcached`. */
  readonly name: string
} & (
  | {
      /** `unknown`: it did not answer in time. */
      readonly state: 'absent' | 'unknown'
    }
  | {
      /** `stale`: past its time, and kept for those who may still be served it. `invalidated`: one of its tags is newer; who asks gets nothing. */
      readonly state: 'fresh' | 'stale' | 'invalidated'
      /** It is remembered that the origin has no such thing. */
      readonly missing: boolean
      /** Below 0 when that is past. */
      readonly freshForMs: number
      readonly goneInMs: number
      readonly loadMs: number
      readonly tags: readonly string[]
    }
)

export interface SharedExplanation {
  readonly key: string
  /** What this process has: as `explain`. */
  readonly memory: Explanation
  /** Undefined in a cache that shares nothing. */
  readonly tier: TierExplanation | undefined
  /** `held`: a process, perhaps this one, loads it for all. Undefined without leases; `unknown` when their store did not answer in time. */
  readonly lease: 'held' | 'free' | 'unknown' | undefined
}

/** @param isUntold whether this process has declared it, or one of these tags, untrue and the tier does not know yet */
export async function explainTier(
  key: string,
  tier: Tier,
  timeoutMs: number,
  isUntold: (tags: readonly string[]) => boolean,
): Promise<TierExplanation> {
  const { name } = tier
  const ctx = new Context(performance.now() + timeoutMs)
  try {
    const { entry } = await within(tier.get(key, ctx), ctx)
    if (entry === undefined) return { name, state: 'absent' }
    const { missing, freshUntilMs, goneAtMs, loadMs, tags, version } = entry
    const stamps = await within(tier.tagStamps([everythingTag, ...tags], ctx), ctx)
    const isInvalidated = isUntold(tags) || stamps.some(stamp => stamp >= version)
    const nowMs = Date.now()
    const freshForMs = freshUntilMs - nowMs
    const state = isInvalidated ? 'invalidated' : freshForMs > 0 ? 'fresh' : 'stale'
    return { name, state, missing, freshForMs, goneInMs: goneAtMs - nowMs, loadMs, tags }
  } catch {
    return { name, state: 'unknown' }
  }
}

export async function explainLease(
  key: string,
  leases: Leases | undefined,
  timeoutMs: number,
): Promise<SharedExplanation['lease']> {
  if (leases === undefined) return undefined
  const ctx = new Context(performance.now() + timeoutMs)
  return await within(leases.isHeld(key, ctx), ctx).then(
    isHeld => (isHeld ? 'held' : 'free'),
    () => 'unknown' as const,
  )
}

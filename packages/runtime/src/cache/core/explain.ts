/** Why a call for a key is answered as it is: for people, so in durations from now. */
import type { Kept } from './kept.ts'

interface Loading {
  /** Callers that wait for it. */
  readonly waiting: number
}

export type Explanation =
  | { readonly key: string; readonly state: 'absent' | 'invalidated'; readonly loading: Loading | undefined }
  | {
      readonly key: string
      /** A load failed, and nobody tries again for a while. */
      readonly state: 'failed'
      readonly error: unknown
      readonly retryInMs: number
      readonly loading: Loading | undefined
    }
  | {
      readonly key: string
      /**
       * `fresh`: a hit. `early`: a hit, which may have it loaded anew. `stale`: served, and loaded anew behind the caller. `expired`: the
       * caller waits for a load, and gets this where that fails.
       */
      readonly state: 'fresh' | 'early' | 'stale' | 'expired'
      /** It is remembered that the origin has no such thing. */
      readonly missing: boolean
      readonly ageMs: number
      /** Below 0 when that is past. */
      readonly freshForMs: number
      readonly goneInMs: number
      readonly loadMs: number
      /** Above 0 while a failed load holds the next one off. */
      readonly retryInMs: number
      readonly tags: readonly string[]
      readonly loading: Loading | undefined
    }

export function explain(
  key: string,
  kept: Kept | undefined,
  outdated: boolean,
  nowMs: number,
  loading: Loading | undefined,
): Explanation {
  if (kept === undefined || outdated) return { key, state: outdated ? 'invalidated' : 'absent', loading }
  return {
    key,
    state: stateOf(kept, nowMs),
    missing: kept.value === undefined,
    ageMs: nowMs - kept.storedAtMs,
    freshForMs: kept.freshUntilMs - nowMs,
    goneInMs: kept.goneAtMs - nowMs,
    loadMs: kept.loadMs,
    retryInMs: Math.max(0, kept.retryAtMs - nowMs),
    tags: kept.policy.tags,
    loading,
  }
}

function stateOf(kept: Kept, nowMs: number): 'fresh' | 'early' | 'stale' | 'expired' {
  if (nowMs < kept.plainUntilMs) return 'fresh'
  if (nowMs < kept.freshUntilMs) return 'early'
  return nowMs < kept.revalidateUntilMs || nowMs < kept.retryAtMs ? 'stale' : 'expired'
}

/** The stored results of experiments, as far as the pages tell of them. */
import { readFileSync } from 'node:fs'

export interface ExperimentResult {
  readonly metric?: string
  readonly answer?: string
  readonly verdict?: string
  /** Of a trial before divided by after, above 1 is better; of a drill that of the medians. */
  readonly ratio?: { readonly estimate: number; readonly low: number; readonly high: number } | number
  /** Of a drill: what was counted, in words and round by round. */
  readonly counts?: string
  readonly better?: 'less' | 'more'
  readonly before?: readonly number[]
  readonly after?: readonly number[]
  readonly cacheReadP50Ms?: number
  readonly plans?: { readonly before: readonly StoredPlan[]; readonly after: readonly StoredPlan[] }
}

export interface StoredPlan {
  readonly kind: string
  readonly root: { readonly sharedHitBlocks?: number; readonly sharedReadBlocks?: number }
}

/** @param experiment chapter and name, as in `database/n-plus-one` @returns undefined where nothing is proved yet */
export function resultOf(experiment: string): ExperimentResult | undefined {
  try {
    const file = new URL(`../../../experiments/results/${experiment}.json`, import.meta.url)
    return JSON.parse(readFileSync(file, 'utf8')) as ExperimentResult
  } catch {
    // Not every practice has been measured; a page without that part is right then.
    return undefined
  }
}

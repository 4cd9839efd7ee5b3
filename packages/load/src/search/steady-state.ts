/** Where a step settled, from the medians of its intervals: what lies before stays visible and is left out of what is judged. */
import type { LoadInterval, LoadStep, SteadyState } from '@whetstone/model'
import { Histogram, steadyFrom } from '@whetstone/stats'
import { mergeHistograms } from '../record/merge-histograms.ts'

/**
 * The step with `steadyState`. Unchanged where the rate moves, which is not meant to settle, and with fewer than ten intervals,
 * which tell nothing.
 */
export function withSteadyState(step: LoadStep): LoadStep {
  const steadyState = step.shape === undefined ? steadyStateOf(step.intervals) : undefined
  return steadyState === undefined ? step : { ...step, steadyState }
}

function steadyStateOf(intervals: readonly LoadInterval[]): SteadyState | undefined {
  const found = steadyFrom(medians(intervals))
  if (found === undefined) return undefined
  const kept = intervals.slice(found.from)
  return {
    kind: found.steady ? 'steady' : 'never-steady',
    excludedMs: kept[0]!.atMs,
    response: mergeHistograms(kept.map(({ response }) => response)),
  }
}

/** A second in which nothing was answered was slower than any that was. */
function medians(intervals: readonly LoadInterval[]): number[] {
  const known = intervals.map(({ response }) => Histogram.fromJSON(response).quantile(0.5))
  const slowest = Math.max(0, ...known.filter(median => !Number.isNaN(median)))
  return known.map(median => (Number.isNaN(median) ? slowest + 1 : median))
}

/** Which comparisons the effect table shows, and the one log scale their intervals share. */
import type { MetricComparison } from '@whetstone/model'

const MOST_ROWS = 12

export interface EffectScale {
  readonly position: (ratio: number) => number
  readonly ticks: readonly { readonly ratio: number; readonly text: string }[]
}

/** The whole service first, then the gated routes. */
export function shownMetrics(metrics: readonly MetricComparison[]): readonly MetricComparison[] {
  const overall = metrics.filter(metric => metric.route === 'overall')
  const gated = metrics.filter(metric => metric.route !== 'overall' && metric.gated)
  return [...overall, ...gated].slice(0, MOST_ROWS)
}

/** Equal factors have equal lengths: halving is as far to the left as doubling is to the right. */
export function scaleOf(metrics: readonly MetricComparison[], marginFraction: number): EffectScale {
  const positive = metrics.flatMap(({ ratio }) => [ratio.low, ratio.high, ratio.estimate]).filter(ratio => ratio > 0)
  const low = Math.max(0.001, Math.min(1 - 3 * marginFraction, ...positive)) / 1.08
  const high = Math.min(1000, Math.max(1 + 3 * marginFraction, ...positive)) * 1.08
  const span = Math.log(high / low)
  const position = (ratio: number): number => Math.min(1, Math.max(0, Math.log(Math.max(ratio, low) / low) / span))
  const marks: readonly (readonly [number, string])[] = [
    [0.01, '−99 %'],
    [0.1, '−90 %'],
    [0.5, '−50 %'],
    [1, '0'],
    [2, '×2'],
    [10, '×10'],
  ]
  const ticks = marks.filter(([ratio]) => ratio >= low && ratio <= high).map(([ratio, text]) => ({ ratio, text }))
  return { position, ticks: apart(ticks, position) }
}

/** A tick nearer than this to one already kept would write over it; zero is always kept. */
function apart(ticks: EffectScale['ticks'], position: EffectScale['position']): EffectScale['ticks'] {
  const zero = ticks.find(tick => tick.ratio === 1)
  const kept = zero ? [zero] : []
  for (const tick of ticks.toReversed()) {
    if (kept.every(other => Math.abs(position(other.ratio) - position(tick.ratio)) > 0.17)) kept.push(tick)
  }
  return kept
}

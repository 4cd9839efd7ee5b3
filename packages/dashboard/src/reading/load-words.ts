/** The words and figures of load tests that stand in more than one place of a page. */
import type { CapacityResult, ThresholdResult, Trend } from '@whetstone/model'
import { formatBytes, formatFraction, formatMs, formatNumber, formatRate } from './format.ts'

/** What was measured against a limit, in the limit's own unit. */
export function thresholdFigure({ threshold: { metric }, state, value }: ThresholdResult): string {
  // The percentile lies among the errors, which count as endless.
  if (state === 'broken' && value === undefined) return 'an error'
  return metricFigure(metric, value)
}

export function metricFigure(metric: CapacityResult['objective'][number]['metric'], value: number | undefined): string {
  switch (metric.kind) {
    case 'response':
    case 'service':
      return formatMs(value)
    case 'rate':
      return formatRate(value)
    case 'errors':
    case 'checks':
      return formatFraction(value)
  }
}

export const trendWords: Readonly<Record<Trend['metric'], string>> = {
  p50: 'p50',
  p95: 'p95',
  'resident-memory': 'resident memory',
  'heap-after-collection': 'heap after collection',
  'open-handles': 'open handles',
}

export function trendFigure(unit: Trend['unit'], value: number): string {
  if (unit === 'ms') return formatMs(value)
  return unit === 'bytes' ? formatBytes(value) : formatNumber(value)
}

/** Growth an hour, the sign where it shrinks. */
export function formatSlope({ unit, slopePerHour }: Trend): string {
  if (slopePerHour === undefined) return 'not told'
  return trendFigure(unit, slopePerHour.estimate)
}

/** Of the open model; the closed one has no arrivals of its own. */
export const arrivalWords = { poisson: 'Poisson', uniform: 'evenly spaced', replay: 'replayed' } as const

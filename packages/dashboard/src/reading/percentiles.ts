/** The percentile curve: latency against 1 / (1 - p), drawn only as far as samples carry it. */
import { reportedStep, type RunReport, type SerializedHistogram } from '@whetstone/model'
import { quantileMs } from './histogram.ts'

/** Beyond a point with fewer samples than this the curve would show single requests. */
const SAMPLES_BEYOND = 10
const POINTS = 240
const REQUESTS_FOR_P999 = 10_000

export interface CurvePoint {
  /** 1 / (1 - p): 1 is p0, 10 is p90, 1,000 is p99.9. */
  readonly depth: number
  readonly ms: number
}

export function percentileCurve(histogram: SerializedHistogram): readonly CurvePoint[] {
  const deepest = histogram.count / SAMPLES_BEYOND
  if (deepest <= 1) return []
  const last = histogram.count < REQUESTS_FOR_P999 ? Math.min(deepest, 999) : deepest
  return Array.from({ length: POINTS + 1 }, (_, step) => {
    const depth = last ** (step / POINTS)
    return { depth, ms: quantileMs(histogram, 1 - 1 / depth)! }
  })
}

/** Both arms when something was compared, else what is reported. */
export function curvesOf(report: RunReport): {
  readonly before?: readonly CurvePoint[]
  readonly after?: readonly CurvePoint[]
} {
  if (report.trial) {
    const { a, b } = report.trial.histograms
    return { before: percentileCurve(a), after: percentileCurve(b) }
  }
  const step = reportedStep(report.loadCurve)
  return { before: percentileCurve(step?.overall.response ?? report.overall.response) }
}

export const depthTicks: readonly { readonly depth: number; readonly label: string }[] = [
  { depth: 1, label: '0 %' },
  { depth: 2, label: '50 %' },
  { depth: 10, label: '90 %' },
  { depth: 100, label: '99 %' },
  { depth: 1000, label: '99.9 %' },
  { depth: 10_000, label: '99.99 %' },
]

/** At these depths, in steps between the points of the curve; null beyond its end. */
export function alongDepths(depths: readonly number[], curve: readonly CurvePoint[]): readonly (number | null)[] {
  const last = curve.at(-1)?.depth ?? 0
  return depths.map(depth => (depth <= last ? (atDepth(curve, depth) ?? null) : null))
}

/** Milliseconds; undefined beyond the end of the curve. */
export function atDepth(curve: readonly CurvePoint[], depth: number): number | undefined {
  return curve.find(point => point.depth >= depth * 0.9999)?.ms
}

/** `p99.9` for 1,000. */
export function depthName(depth: number): string {
  return `p${Number((100 * (1 - 1 / depth)).toFixed(depth < 1000 ? 1 : 2))}`
}

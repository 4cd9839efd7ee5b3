/** What a remedy returned, or is expected to return, in the words of one row. */
import type { Interval, RankedFinding, RunReport } from '@whetstone/model'
import {
  formatBytes,
  formatChange,
  formatChangeRange,
  formatFraction,
  formatMs,
  formatMsRange,
  formatNumber,
} from './format.ts'

export interface GainText {
  readonly kind: 'measured' | 'predicted' | 'none'
  /** `−62 % p95`; empty when nothing can be promised. */
  readonly text: string
  /** Part of the whole that is saved, 0 to 1, for the bar. */
  readonly fraction: number
}

export function gainOf(finding: RankedFinding): GainText {
  const { measured, predicted } = finding
  if (measured) {
    return {
      kind: 'measured',
      text: `${formatChange(measured.ratio)} ${metricOf(measured.metric)}`,
      fraction: saved(measured.ratio.estimate),
    }
  }
  if (predicted?.p95Ms && predicted.p95Ms.beforeMs > 0)
    return predictedText(ratioOf(predicted.p95Ms), `p95${elsewhere(finding)}`)
  if (predicted?.p50Ms && predicted.p50Ms.beforeMs > 0)
    return predictedText(ratioOf(predicted.p50Ms), `p50${elsewhere(finding)}`)
  if (predicted?.capacityRatio !== undefined) {
    return {
      kind: 'predicted',
      text: `${formatNumber(predicted.capacityRatio)} × requests/s`,
      fraction: saved(1 / predicted.capacityRatio),
    }
  }
  if (predicted?.bytes && predicted.bytes.before > 0) {
    const ratio = predicted.bytes.after / predicted.bytes.before
    return predictedText({ estimate: ratio, low: ratio, high: ratio }, 'bytes')
  }
  if (finding.gainFraction > 0.0005) {
    return { kind: 'predicted', text: `${formatFraction(finding.gainFraction)} of p95`, fraction: finding.gainFraction }
  }
  return { kind: 'none', text: finding.risk ? `risk of ${finding.risk}` : '', fraction: 0 }
}

/** What was promised beside what came, for the open row: `374 ms → 128 to 160 ms`. */
export function promisesOf(finding: RankedFinding): readonly { readonly label: string; readonly value: string }[] {
  const { predicted, measured } = finding
  const rows: { label: string; value: string }[] = []
  const quantile = predicted?.p95Ms ?? predicted?.p50Ms
  if (quantile) {
    const value = `${formatMs(quantile.beforeMs)} → ${formatMsRange(quantile.low, quantile.high)}`
    rows.push({ label: `Predicted ${predicted?.p95Ms ? 'p95' : 'p50'}${elsewhere(finding)}`, value })
  }
  if (measured) {
    const format = measured.metric.endsWith('Ms') ? formatMs : formatNumber
    const value = `${format(measured.before)} → ${format(measured.after)} (${formatChangeRange(measured.ratio)})`
    rows.push({ label: `Measured ${metricOf(measured.metric)}`, value })
  }
  if (predicted?.capacityRatio !== undefined) {
    rows.push({ label: 'Predicted capacity', value: `${formatNumber(predicted.capacityRatio)} times the requests/s` })
  }
  if (predicted?.p99AtMostMs !== undefined) {
    rows.push({ label: 'Predicted p99', value: `at most ${formatMs(predicted.p99AtMostMs)}` })
  }
  if (predicted?.bytes) {
    const { before, after } = predicted.bytes
    rows.push({ label: 'Predicted size', value: `${formatBytes(before)} → ${formatBytes(after)}` })
  }
  if (predicted?.queriesPerRequest && predicted.queriesPerRequest.before !== predicted.queriesPerRequest.after) {
    const { before, after } = predicted.queriesPerRequest
    rows.push({ label: 'Predicted queries', value: `${formatNumber(before)} → ${formatNumber(after)}` })
  }
  return rows
}

export type FindingState = 'validated' | 'not-confirmed' | 'worse' | 'applied' | 'proposed' | 'note'
/** Whether the promise was kept: the interval decides, not the estimate. A rung of the ladder alone has no interval. */
export function stateOf(finding: RankedFinding, ladder: RunReport['ladder']): FindingState {
  const { measured } = finding
  if (measured) return measured.ratio.high < 1 ? 'validated' : measured.ratio.low > 1 ? 'worse' : 'not-confirmed'
  if (ladder?.some(step => step.practice === finding.practice)) return 'applied'
  return finding.severity === 'info' ? 'note' : 'proposed'
}

/** Work taken off the event loop helps those who waited for it, and they may be on another route. */
function elsewhere({ predicted, where }: RankedFinding): string {
  return predicted?.route === undefined || predicted.route === where.route ? '' : ` of ${predicted.route}`
}

function predictedText(ratio: Interval, metric: string): GainText {
  // An interval that reaches what is now promises only its better end.
  if (ratio.high >= 1)
    return ratio.low < 1 && ratio.estimate < 1
      ? {
          kind: 'predicted',
          text: `at best ${formatChange({ ...ratio, estimate: ratio.low })} ${metric}`,
          fraction: saved(ratio.estimate),
        }
      : { kind: 'none', text: '', fraction: 0 }
  return {
    kind: 'predicted',
    text: `${formatChangeRange({ ...ratio, low: ratio.high, high: ratio.low })} ${metric}`,
    fraction: saved(ratio.estimate),
  }
}

function ratioOf({ beforeMs, estimate, low, high }: Interval & { readonly beforeMs: number }): Interval {
  return { estimate: estimate / beforeMs, low: low / beforeMs, high: high / beforeMs }
}

function saved(ratio: number): number {
  return Math.min(1, Math.max(0, 1 - ratio))
}

function metricOf(metric: string): string {
  return metric.replace(/Ms$/, '').replace('queriesPerRequest', 'queries per request').replace('bodyBytes', 'bytes')
}

/** What a remedy returned, or is expected to return, in the words of one row. */
import type { Interval, RankedFinding } from '@whetstone/model'
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
  if (predicted?.p95Ms && predicted.p95Ms.beforeMs > 0) return predictedText(ratioOf(predicted.p95Ms), 'p95')
  if (predicted?.p50Ms && predicted.p50Ms.beforeMs > 0) return predictedText(ratioOf(predicted.p50Ms), 'p50')
  if (predicted?.bytes && predicted.bytes.before > 0) {
    const ratio = predicted.bytes.after / predicted.bytes.before
    return predictedText({ estimate: ratio, low: ratio, high: ratio }, 'bytes')
  }
  if (finding.gainFraction > 0.0005) {
    return { kind: 'predicted', text: `${formatFraction(finding.gainFraction)} of p95`, fraction: finding.gainFraction }
  }
  return { kind: 'none', text: finding.risk ? `risk of ${finding.risk}` : '', fraction: 0 }
}

/** The comparison of what was promised with what came, for the open row. */
export function promisesOf(finding: RankedFinding): readonly { readonly label: string; readonly value: string }[] {
  const { predicted, measured } = finding
  const rows: { label: string; value: string }[] = []
  if (predicted?.p95Ms) {
    const { beforeMs, low, high } = predicted.p95Ms
    rows.push({ label: 'Predicted p95', value: `${formatMsRange(low, high)}, now ${formatMs(beforeMs)}` })
  } else if (predicted?.p50Ms) {
    const { beforeMs, low, high } = predicted.p50Ms
    rows.push({ label: 'Predicted p50', value: `${formatMsRange(low, high)}, now ${formatMs(beforeMs)}` })
  }
  if (predicted?.p99AtMostMs !== undefined) {
    rows.push({ label: 'Predicted p99', value: `at most ${formatMs(predicted.p99AtMostMs)}` })
  }
  if (predicted?.bytes) {
    rows.push({
      label: 'Predicted size',
      value: `${formatBytes(predicted.bytes.after)}, now ${formatBytes(predicted.bytes.before)}`,
    })
  }
  if (predicted?.queriesPerRequest) {
    const { before, after } = predicted.queriesPerRequest
    rows.push({ label: 'Predicted queries per request', value: `${formatNumber(after)}, now ${formatNumber(before)}` })
  }
  if (measured) {
    const format = measured.metric.endsWith('Ms') ? formatMs : formatNumber
    const range = `${formatChange(measured.ratio)}, 95 % interval ${formatChangeRange(measured.ratio)}`
    rows.push({
      label: `Measured ${metricOf(measured.metric)}`,
      value: `${format(measured.after)}, was ${format(measured.before)} (${range})`,
    })
  }
  return rows
}

export type FindingState = 'validated' | 'not-confirmed' | 'worse' | 'proposed' | 'note'
/** Whether the promise was kept: the interval decides, not the estimate. */
export function stateOf(finding: RankedFinding): FindingState {
  const { measured } = finding
  if (measured) return measured.ratio.high < 1 ? 'validated' : measured.ratio.low > 1 ? 'worse' : 'not-confirmed'
  return finding.severity === 'info' ? 'note' : 'proposed'
}

function predictedText(ratio: Interval, metric: string): GainText {
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

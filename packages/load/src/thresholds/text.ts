/** A limit and its value in words: the same in the terminal, in JUnit and in warnings. */
import { msText, numberText, percentText } from '@whetstone/model'
import type { ThresholdMetric, ThresholdResult } from '@whetstone/model'

/** `p95`, `service p99.9`, `errors`, `checks("has id")`. */
export function metricName(metric: ThresholdMetric): string {
  switch (metric.kind) {
    case 'response':
      return percentileName(metric.quantile)
    case 'service':
      return `service ${percentileName(metric.quantile)}`
    case 'checks':
      return metric.name === undefined ? 'checks' : `checks("${metric.name}")`
    default:
      return metric.kind
  }
}

/** `412 ms`, `0.3 %`, `94.8/s`. */
export function metricValueText(metric: ThresholdMetric, value: number): string {
  switch (metric.kind) {
    case 'response':
    case 'service':
      return msText(value)
    case 'rate':
      return `${numberText(value)}/s`
    default:
      return percentText(value)
  }
}

/** `p95 412 ms in the worst window; broken in 3 windows, first at 20 s`, and the note in brackets, if there is one. */
export function resultText({ threshold, state, value, brokenAtMs, brokenWindows, note }: ThresholdResult): string {
  const name = metricName(threshold.metric)
  const windowed = threshold.windowMs !== undefined
  const found =
    value === undefined
      ? `${name} ${state === 'broken' ? 'was an error' : 'unknown'}`
      : `${name} ${metricValueText(threshold.metric, value)}${windowed ? ' in the worst window' : ''}`
  const broken =
    state !== 'broken' || brokenAtMs === undefined
      ? ''
      : `; broken in ${brokenWindows === 1 ? 'one window' : `${brokenWindows ?? 0} windows`}, first at ${secondsText(brokenAtMs)}`
  return `${found}${broken}${note === undefined ? '' : ` (${note})`}`
}

/** Whole seconds without decimals: a window begins at `20 s`, not at `20.0 s`. */
export function secondsText(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`
}

function percentileName(quantile: number): string {
  // 0.999 * 100 is 99.9 only after rounding.
  return `p${Number((quantile * 100).toFixed(6))}`
}

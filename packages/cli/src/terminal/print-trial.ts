/** A trial as a table: before, after, change with its interval, verdict. */
import type { MetricComparison, TrialResult } from '@whetstone/model'
import { bytes, count, milliseconds, percent, signedPercent } from './quantity.ts'
import { clip } from './print-report.ts'
import type { Terminal } from './terminal.ts'

export function printTrial(trial: TrialResult, terminal: Terminal): void {
  terminal.out()
  terminal.out(
    `  ${''.padEnd(30)} ${'before'.padStart(9)} ${'after'.padStart(9)} ${'change'.padStart(8)}   95 % interval`,
  )
  const shown = trial.metrics.filter(metric => metric.gated || metric.route === 'overall' || metric.deterministic)
  for (const metric of shown.slice(0, 16)) terminal.out(`  ${row(metric, terminal)}`)
  terminal.out()
  const noise = `${trial.pairs} pairs, random order, fresh process per block; A against itself ±${percent(trial.guard.spreadFraction)}`
  terminal.out(`  ${terminal.colour.dim(noise)}`)
  if (trial.guard.tooNoisy) {
    terminal.out(
      `  ${terminal.marks.warn} Too noisy to decide: the base differed from itself by more than ${percent(trial.marginFraction)}.`,
    )
    terminal.out('    Close other programs, use --pairs 40, or a larger margin.')
  } else terminal.out(`  verdict: ${terminal.colour.bold(trial.verdict)}`)
}

function row(metric: MetricComparison, terminal: Terminal): string {
  const name = `${metric.route === 'overall' ? 'all routes' : metric.route} ${names[metric.name]}`
  const interval = metric.deterministic
    ? ''
    : `${signedPercent(metric.ratio.low - 1)} to ${signedPercent(metric.ratio.high - 1)}`
  const paint = {
    better: terminal.colour.green,
    worse: terminal.colour.red,
    equal: terminal.colour.dim,
    unclear: terminal.colour.yellow,
  }[metric.verdict]
  return [
    clip(name, 30).padEnd(30),
    value(metric, metric.a).padStart(9),
    value(metric, metric.b).padStart(9),
    signedPercent(metric.ratio.estimate - 1).padStart(8),
    ' ',
    interval.padEnd(18),
    paint(metric.verdict),
  ].join(' ')
}

const names = {
  p50Ms: 'p50',
  p95Ms: 'p95',
  p99Ms: 'p99',
  ratePerSecond: 'rate',
  errorFraction: 'errors',
  queriesPerRequest: 'queries',
  rowsPerRequest: 'rows',
  bodyBytes: 'body',
  residentBytes: 'memory',
  cpuMsPerRequest: 'CPU',
} as const

function value(metric: MetricComparison, figure: number): string {
  switch (metric.name) {
    case 'p50Ms':
    case 'p95Ms':
    case 'p99Ms':
    case 'cpuMsPerRequest':
      return milliseconds(figure)
    case 'bodyBytes':
    case 'residentBytes':
      return bytes(figure)
    case 'errorFraction':
      return percent(figure)
    default:
      return count(figure)
  }
}

/** A trial as a table: before, after, change with its interval, verdict. */
import { bytesText, countText, type MetricComparison, msText, percentText, type TrialResult } from '@whetstone/model'
import { signedPercent } from './quantity.ts'
import { clip } from './print-report.ts'
import type { Terminal } from './terminal.ts'
import { printParagraph } from './wrap.ts'

const nameColumns = 29

export function printTrial(trial: TrialResult, terminal: Terminal): void {
  terminal.out()
  terminal.out(
    `  ${''.padEnd(nameColumns)} ${'before'.padStart(8)} ${'after'.padStart(8)} ${'change'.padStart(7)}  95 % interval`,
  )
  const decided = trial.metrics.filter(metric => metric.gated || metric.deterministic || metric.route === 'overall')
  // A count that stayed the same is worth a line only together with the others.
  const shown = decided.filter(metric => !isEqualCount(metric))
  for (const metric of shown.slice(0, 16)) terminal.out(`  ${row(metric, terminal)}`)
  const equal = decided.length - shown.length
  if (equal > 0) terminal.out(`  ${terminal.colour.dim(`${countText(equal)} counted sizes and queries are equal`)}`)
  terminal.out()
  const noise = `${trial.pairs} pairs, random order, fresh process per block; A against itself ±${percentText(trial.guard.spreadFraction)}`
  terminal.out(`  ${terminal.colour.dim(noise)}`)
  if (trial.guard.tooNoisy) printUndecided(trial, terminal)
  else {
    if (lacksPairs(trial))
      printParagraph(lostText(trial, 'judge the times'), terminal, { indent: 2, mark: terminal.marks.warn })
    terminal.out(`  verdict: ${terminal.colour.bold(trial.verdict)}`)
  }
}

/** Counted sizes and queries decided it, while the times of all routes wait for more pairs. */
function lacksPairs({ metrics, thrownOut }: TrialResult): boolean {
  const timed = metrics.filter(({ gated, name }) => gated && /^p\d+Ms$/.test(name))
  return thrownOut > 0 && timed.length > 0 && timed.every(({ verdict }) => verdict === 'unclear')
}

function lostText({ pairs, thrownOut }: TrialResult, to: string): string {
  return `Too few pairs to ${to}: ${pairs} are left, ${thrownOut} blocks were thrown out because the load generator could not keep up.`
}

function isEqualCount({ deterministic, verdict }: MetricComparison): boolean {
  return deterministic && verdict === 'equal'
}

/** Noise of the machine and pairs that were lost to the load generator are told apart: another thing is to be done. */
function printUndecided(trial: TrialResult, terminal: Terminal): void {
  const { guard, marginFraction } = trial
  const [why, remedy] =
    guard.spreadFraction > marginFraction
      ? [
          `Too noisy to decide: the base differed from itself by more than ${percentText(marginFraction)}.`,
          'Close other programs, use --pairs 40, or a larger margin.',
        ]
      : [lostText(trial, 'decide'), 'Close other programs, lower --rate, or use --pairs 40.']
  printParagraph(why, terminal, { indent: 2, mark: terminal.marks.warn })
  printParagraph(remedy, terminal, { indent: 4 })
}

function row(metric: MetricComparison, terminal: Terminal): string {
  const name = names[metric.name]
  // A long route gives way, not the name of what was measured.
  const route = clip(metric.route === 'overall' ? 'all routes' : metric.route, nameColumns - name.length - 1)
  const interval = metric.deterministic
    ? ''
    : `${signedPercent(metric.ratio.low - 1).replace(/ %$/, '')} to ${signedPercent(metric.ratio.high - 1)}`
  const paint = {
    better: terminal.colour.green,
    worse: terminal.colour.red,
    equal: terminal.colour.dim,
    unclear: terminal.colour.yellow,
  }[metric.verdict]
  return [
    `${route} ${name}`.padEnd(nameColumns),
    value(metric, metric.a).padStart(8),
    value(metric, metric.b).padStart(8),
    `${signedPercent(metric.ratio.estimate - 1).padStart(7)} `,
    interval.padEnd(13),
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
      return msText(figure)
    case 'bodyBytes':
    case 'residentBytes':
      return bytesText(figure)
    case 'errorFraction':
      return percentText(figure)
    default:
      return countText(figure)
  }
}

/** A load test as lines of at most 80 columns: what was offered, what came of it from the schedule on, and whether it can be believed. */
import {
  type LoadReport,
  type LoadStep,
  msText,
  numberText,
  percentText,
  type SerializedHistogram,
  type ThresholdResult,
  wholeText,
} from '@whetstone/model'
import { generatorStep, statusClassesOf } from '@whetstone/dashboard'
import { metricValueText } from '@whetstone/load'
import { printSearch } from './print-load-search.ts'
import { clip } from './print-report.ts'
import { duration } from './quantity.ts'
import { quantileText } from './quantile-text.ts'
import type { Terminal } from './terminal.ts'
import { columns, printParagraph } from './wrap.ts'

const quantiles = [0.5, 0.9, 0.95, 0.99, 0.999, 1] as const
const quantileNames = ['p50', 'p90', 'p95', 'p99', 'p99.9', 'max'] as const
const cell = 8
const nameColumns = 10

/** One measured step in full, the limits, the generator and what else to know. */
export function printLoad(report: LoadReport, terminal: Terminal): void {
  const measured = report.steps.find(({ purpose }) => purpose === 'measure')
  if (measured) printStep(measured, terminal)
  printSearch(report, terminal)
  printVerdict(report, terminal)
}

function printStep(step: LoadStep, terminal: Terminal): void {
  terminal.out()
  terminal.out(`  ${modelText(step)}`)
  const errorFraction = step.overall.requests === 0 ? 0 : step.errors / step.overall.requests
  const errors = `errors ${percentText(errorFraction)}`
  const amounts = [
    ...(step.arrivals === 'closed' ? [] : [`offered ${offered(step)}`]),
    `achieved ${numberText(step.achievedRatePerSecond)} ${step.requestsPerUser === undefined ? '' : 'requests'}/s`,
    `${wholeText(step.overall.requests)} requests`,
    step.errors > 0 ? terminal.colour.red(errors) : errors,
  ]
  terminal.out(`  ${amounts.join('   ')}`)
  printQuantiles(step, terminal)
  printRoutes(step, terminal)
  printAnswers(step, terminal)
  printChecks(step, terminal)
}

function modelText(step: LoadStep): string {
  const length = duration(step.durationMs)
  if (step.arrivals === 'closed')
    return `closed model: ${step.users ?? 0} users for ${length}; slow answers lower the load`
  const shape = step.shape === undefined ? '' : `, ${step.shape}`
  return `open model, ${step.arrivals} arrivals${shape}, for ${length}`
}

/** Users begin at the offered rate, and each of them sends what its flow asks for. */
function offered({ offeredRatePerSecond, requestsPerUser }: LoadStep): string {
  return `${numberText(offeredRatePerSecond)} ${requestsPerUser === undefined ? '' : 'users'}/s`
}

function printQuantiles(step: LoadStep, terminal: Terminal): void {
  const { colour } = terminal
  const steady = step.steadyState?.kind === 'steady' && step.steadyState.excludedMs > 0 ? step.steadyState : undefined
  terminal.out()
  terminal.out(`  ${''.padEnd(nameColumns)}${quantileNames.map(name => name.padStart(cell)).join('')}`)
  const row = (name: string, histogram: SerializedHistogram | undefined, note: string) => {
    if (histogram === undefined || histogram.count === 0) return
    const cells = quantileCells(histogram)
    terminal.out(`  ${name.padEnd(nameColumns)}${cells.map(text => text.padStart(cell)).join('')}  ${colour.dim(note)}`)
  }
  row('response', steady?.response ?? step.overall.response, step.arrivals === 'closed' ? '-' : 'since it was due')
  if (steady) row('whole', step.overall.response, 'with its start')
  row('service', step.overall.service, 'since it was sent')
  if (!isNeverDue(step)) row('lag', step.lag, 'the generator')
  row('waiting', step.connectionWait, 'for a connection')
  if (steady)
    terminal.out(
      `  ${colour.dim(`steady after ${duration(steady.excludedMs)}; what came before is shown and not judged`)}`,
    )
}

/** A user that waits for its answer and then asks at once cannot be late: there is no lag to tell. */
function isNeverDue({ arrivals, generator }: LoadStep): boolean {
  return arrivals === 'closed' && generator.lagMaxMs === 0
}

function quantileCells(saved: SerializedHistogram): readonly string[] {
  return quantiles.map(q => quantileText(saved, q))
}

const routesShown = 12
const routeColumns = 32

function printRoutes({ routes }: LoadStep, terminal: Terminal): void {
  if (routes.length < 2) return
  const width = Math.min(routeColumns, Math.max(10, ...routes.map(({ route }) => route.length)))
  terminal.out()
  terminal.out(`  ${'by route'.padEnd(width)}${['requests', 'errors', 'p50', 'p95', 'p99'].map(head).join('')}`)
  for (const route of routes.slice(0, routesShown)) {
    const cells = [
      wholeText(route.requests),
      percentText(route.requests === 0 ? 0 : route.errors / route.requests),
      ...[0.5, 0.95, 0.99].map(q => quantileText(route.response, q)),
    ]
    terminal.out(`  ${clip(route.route, width).padEnd(width)}${cells.map(head).join('')}`)
  }
  if (routes.length > routesShown)
    terminal.out(`  ${terminal.colour.dim(`and ${routes.length - routesShown} more routes`)}`)
}

function head(text: string): string {
  return ` ${text.padStart(cell)}`
}

function printAnswers(step: LoadStep, terminal: Terminal): void {
  terminal.out()
  const classes = statusClassesOf(step.routes)
  const answers = classes.map(({ name, count, response }) => {
    const p95 = response.count === 0 ? '' : ` (p95 ${quantileText(response, 0.95)})`
    return `${name} ${wholeText(count)}${classes.length > 1 ? p95 : ''}`
  })
  if (answers.length > 0) printEntry('answers', answers.join('   '), terminal)
  const kinds = Object.entries(step.errorsByKind).toSorted(([, a], [, b]) => b - a)
  if (kinds.length > 0)
    printEntry('errors', kinds.map(([kind, count]) => `${kind} ${wholeText(count)}`).join('   '), terminal)
}

const checkColumns = 38

function printChecks({ checks = [] }: LoadStep, terminal: Terminal): void {
  const { colour, marks } = terminal
  for (const { name, passes, fails } of checks) {
    const share = passes + fails === 0 ? 0 : passes / (passes + fails)
    const mark = fails === 0 ? colour.green(marks.ok) : colour.red(marks.bad)
    terminal.out(
      `  ${mark} ${clip(name, checkColumns).padEnd(checkColumns)} ${percentText(share).padStart(8)}  ${wholeText(passes)} of ${wholeText(passes + fails)}`,
    )
  }
}

function printEntry(name: string, text: string, terminal: Terminal): void {
  printParagraph(text, terminal, { indent: 2, mark: name.padEnd(nameColumns - 1) })
}

/** Whether the limits were kept, whether the generator can be believed, and what else to know. */
function printVerdict(report: LoadReport, terminal: Terminal): void {
  const { colour, marks } = terminal
  if (report.thresholds.length > 0) terminal.out()
  for (const result of report.thresholds) printThreshold(result, terminal)
  terminal.out()
  const worst = generatorStep(report)
  if (worst) {
    const { verdict, reasons, lagP50Ms, lagP99Ms, cpuFraction } = worst.generator
    const paint = { healthy: colour.green, degraded: colour.yellow, invalid: colour.red }[verdict]
    const lag = isNeverDue(worst) ? '-' : `${msText(lagP50Ms)} at p50, ${msText(lagP99Ms)} at p99`
    const figures = `sends late by ${lag}, ${percentText(cpuFraction)} of a core`
    printParagraph(`${verdict}: ${figures}`, terminal, {
      indent: 2,
      mark: 'generator',
      paint: text => text.replace(verdict, paint(verdict)),
    })
    for (const reason of reasons) printParagraph(reason, terminal, { indent: 12, mark: marks.dot })
  }
  for (const failure of report.failures ?? [])
    printParagraph(failure, terminal, { indent: 2, mark: marks.bad, paintedMark: colour.red(marks.bad) })
  for (const warning of report.warnings)
    printParagraph(warning, terminal, { indent: 2, mark: marks.warn, paintedMark: colour.yellow(marks.warn) })
}

const limitColumns = 38

function printThreshold(
  { threshold, state, value, brokenAtMs, brokenWindows, note }: ThresholdResult,
  terminal: Terminal,
): void {
  const { colour, marks } = terminal
  const mark = { kept: colour.green(marks.ok), broken: colour.red(marks.bad), unknown: colour.yellow(marks.warn) }[
    state
  ]
  const none = state === 'broken' ? 'an error' : '-'
  const figure = value === undefined ? none : metricValueText(threshold.metric, value)
  const when = [
    brokenAtMs === undefined ? '' : `first broken at ${duration(brokenAtMs)}`,
    brokenWindows === undefined || brokenWindows < 2 ? '' : `in ${brokenWindows} windows`,
    note ?? '',
  ].filter(Boolean)
  const line = `  ${mark} ${clip(threshold.text, limitColumns).padEnd(limitColumns)} ${figure.padStart(cell)}`
  const details = when.join(', ')
  const isShort = limitColumns + cell + details.length + 7 <= columns
  terminal.out(isShort ? `${line}  ${details}`.trimEnd() : line)
  if (!isShort) printParagraph(details, terminal, { indent: 4, paint: colour.dim })
}

/** What tests of several loads found, as lines: the rates a search tried, goodput past the knee, what grows, what a spike did. */
import { metricValueText } from '@whetstone/load'
import {
  bytesText,
  type CapacityResult,
  countText,
  type LoadReport,
  type LoadStep,
  msText,
  numberText,
  percentText,
  type StressResult,
  type Trend,
} from '@whetstone/model'
import { clip } from './print-report.ts'
import { duration } from './quantity.ts'
import { quantileText } from './quantile-text.ts'
import type { Terminal } from './terminal.ts'
import { printParagraph } from './wrap.ts'

export function printSearch(report: LoadReport, terminal: Terminal): void {
  if (report.capacity) printCapacity(report.capacity, report.steps, terminal)
  if (report.stress) printStress(report, terminal)
  if (report.soak) for (const trend of report.soak.trends) printTrend(trend, terminal)
  if (report.spike) printSpike(report.spike, terminal)
}

function printCapacity(
  { objective, trials, usl, refusal }: CapacityResult,
  steps: readonly LoadStep[],
  terminal: Terminal,
): void {
  const { colour, marks } = terminal
  const metric = objective[0]?.metric
  // The further limits have lines of their own.
  const name = objective[0] === undefined ? '' : clip(objective[0].text, 27)
  terminal.out()
  terminal.out(
    `  ${'offered'.padStart(11)} ${'achieved'.padStart(10)} ${'value'.padStart(9)}  95 % interval     ${name}`,
  )
  for (const { offeredRatePerSecond, achievedRatePerSecond, value, furtherValues = [], held, reason, step } of trials) {
    const figure = (ms: number) => (metric === undefined ? '-' : metricValueText(metric, ms))
    const isThrownAway = steps[step]?.generator.verdict === 'invalid'
    const isOpen = isThrownAway || (value === undefined && !held)
    const mark = isOpen ? colour.yellow(marks.warn) : held ? colour.green(marks.ok) : colour.red(marks.bad)
    const cells = [
      perSecond(offeredRatePerSecond).padStart(11),
      perSecond(achievedRatePerSecond).padStart(10),
      (value === undefined ? '-' : figure(value.estimate)).padStart(9),
      ` ${(value === undefined ? '' : `${figure(value.low)} to ${figure(value.high)}`).padEnd(17)}`,
      `${mark} ${held ? 'held' : isThrownAway ? 'not counted' : isOpen ? 'not decided' : 'not held'}`,
    ]
    terminal.out(`  ${cells.join(' ')}`)
    for (const { limit, value: further } of furtherValues) {
      const asked = objective.find(({ text }) => text === limit)?.metric
      if (asked === undefined) continue
      const text = (share: number) => metricValueText(asked, share)
      const range = `${text(further.low)} to ${text(further.high)}`
      terminal.out(`  ${text(further.estimate).padStart(32)}  ${range.padEnd(17)} ${clip(limit, 24)}`)
    }
    if (reason !== undefined) printParagraph(reason, terminal, { indent: 13, paint: colour.dim })
  }
  terminal.out()
  if (usl) {
    const peak = usl.peak ? `; peak ${perSecond(usl.peak.ratePerSecond)}` : ''
    const law = `contention ${percentText(usl.contention.estimate)}, coherency ${percentText(usl.coherency.estimate)}, off by ${percentText(usl.errorFraction)}${peak}`
    printParagraph(law, terminal, { indent: 2, mark: 'scaling  ' })
  }
  if (refusal !== undefined) printParagraph(refusal, terminal, { indent: 2, mark: marks.dot, paint: colour.dim })
}

function printStress({ steps, stress }: LoadReport, terminal: Terminal): void {
  const { colour, marks } = terminal
  terminal.out()
  terminal.out(`  ${['offered', 'goodput', 'p95', 'errors'].map(name => name.padStart(11)).join('')}`)
  for (const step of steps.filter(({ purpose }) => purpose !== 'warm-up')) {
    const cells = [
      perSecond(step.offeredRatePerSecond),
      perSecond(goodputOf(step)),
      quantileText(step.overall.response, 0.95),
      percentText(step.overall.requests === 0 ? 0 : step.errors / step.overall.requests),
    ]
    const isLate = step.generator.verdict === 'invalid'
    const after = step.purpose === 'recovery' ? '  overload, and after it' : ''
    const note = isLate ? `  ${colour.yellow(marks.warn)} late, not counted` : after
    terminal.out(`  ${cells.map(text => text.padStart(11)).join('')}${note}`)
  }
  if (stress === undefined) return
  const { kneePerSecond, goodputPastKneePerSecond, endedBy } = stress
  terminal.out()
  terminal.out(`  knee      ${kneeText(stress)}`)
  if (goodputPastKneePerSecond !== undefined)
    terminal.out(
      `  beyond    ${perSecond(goodputPastKneePerSecond)} answered well${stress.collapsed ? ': it collapses' : ''}`,
    )
  if (kneePerSecond !== undefined) terminal.out(`  recovery  ${stressRecovery(stress)}`)
  if (endedBy === 'generator')
    printParagraph('the generator was late twice at one rate, and the test ended there', terminal, {
      indent: 2,
      mark: marks.warn,
      paintedMark: colour.yellow(marks.warn),
    })
}

function kneeText({ kneePerSecond, endedBy }: StressResult): string {
  if (kneePerSecond !== undefined) return perSecond(kneePerSecond)
  return endedBy === 'first-rate' ? 'below the first rate' : 'not reached'
}

/** Of an overload that was sent late nothing is known, nor of what came after it. */
function stressRecovery({ recoveryMs, endedBy }: StressResult): string {
  if (recoveryMs !== undefined) return `after ${duration(recoveryMs)}`
  return endedBy === 'generator' ? 'not told' : 'not while it was watched'
}

function goodputOf({ durationMs, overall }: LoadStep): number {
  return durationMs === 0 ? 0 : (1_000 * overall.response.count) / durationMs
}

const trendNames: Readonly<Record<Trend['metric'], string>> = {
  p50: 'p50',
  p95: 'p95',
  'resident-memory': 'resident memory',
  'heap-after-collection': 'heap after collection',
  'open-handles': 'open handles',
}

function printTrend({ metric, unit, slopePerHour, pValue, verdict }: Trend, terminal: Terminal): void {
  const { colour, marks } = terminal
  const text = { ms: msText, bytes: bytesText, count: countText }[unit]
  const mark = { grows: colour.red(marks.bad), steady: colour.green(marks.ok), unclear: colour.yellow(marks.warn) }
  const name = `  ${mark[verdict]} ${trendNames[metric].padEnd(22)}`
  if (slopePerHour === undefined || pValue === undefined) {
    terminal.out(`${name} ${'not told'.padStart(18)}  too few readings`)
    return
  }
  terminal.out(
    `${name} ${`${text(slopePerHour.estimate)} an hour`.padStart(18)}  ${text(slopePerHour.low)} to ${text(slopePerHour.high)}, p ${pValue < 0.001 ? '< 0.001' : numberText(pValue)}`,
  )
}

function printSpike(spike: NonNullable<LoadReport['spike']>, terminal: Terminal): void {
  const p95 = (ms: number | undefined) => `p95 ${ms === undefined ? '-' : msText(ms)}`
  terminal.out()
  terminal.out(`  before     ${p95(spike.p95BeforeMs)} at ${perSecond(spike.baseRatePerSecond)}`)
  terminal.out(
    `  in it      ${p95(spike.p95DuringMs)} at ${perSecond(spike.peakRatePerSecond)}, ${countText(spike.errorsDuring)} errors`,
  )
  terminal.out(`  recovery   ${spikeRecovery(spike)}`)
}

/** What nobody answered before cannot be as before. */
function spikeRecovery({ p95BeforeMs, recoveryMs }: NonNullable<LoadReport['spike']>): string {
  if (p95BeforeMs === undefined) return '-'
  if (recoveryMs === undefined) return 'not while it was watched'
  return recoveryMs === 0 ? 'at once' : `after ${duration(recoveryMs)}`
}

function perSecond(rate: number): string {
  return `${numberText(rate)} /s`
}

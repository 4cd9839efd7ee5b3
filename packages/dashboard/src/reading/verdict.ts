/** The answer of a run in one sentence, with the numbers in it, and a second one on how sure it is. */
import type { MetricComparison, RunReport, TrialResult } from '@whetstone/model'
import { metricWords, formatMetric, overallMetric } from './compare.ts'
import {
  formatDuration,
  formatFraction,
  formatGain,
  formatMs,
  formatNumber,
  formatTimes,
  plural,
  THIN,
} from './format.ts'

export interface VerdictText {
  readonly sentence: string
  readonly detail: string
}

export function verdictOf(report: RunReport): VerdictText {
  switch (report.verdict) {
    case 'failed':
      return failed(report)
    case 'too-noisy':
      return tooNoisy(report)
    case 'diagnosed':
      return diagnosed(report)
    default:
      return compared(report)
  }
}

/** Findings that cost something; notes are not counted. */
export function causesOf(report: RunReport): RunReport['findings'] {
  return report.findings.filter(finding => finding.severity !== 'info')
}

function compared(report: RunReport): VerdictText {
  const { trial } = report
  const metric = headline(report)
  if (!trial || !metric) return withoutTrial(report)
  const name = metricWords(metric.name)
  const subject = metric.route === 'overall' ? name : `${name} of ${metric.route}`
  const [a, b] = [formatMetric(metric.name, metric.a), formatMetric(metric.name, metric.b)]
  const rate = `at ${formatNumber(trial.ratePerSecond)} requests per second`
  const moved = metric.b < metric.a ? 'fell' : 'rose'
  const sentence = {
    better: `${subject} ${moved} from ${a} to ${b} ${rate}`,
    worse: `${subject} ${moved} from ${a} to ${b} ${rate}`,
    equal: `${subject} stayed equal, ${a} before and ${b} after, ${rate}`,
    unclear: `It is unclear if ${subject} changed: ${a} before and ${b} after, ${rate}`,
  }[report.verdict as 'better' | 'worse' | 'equal' | 'unclear']
  return {
    sentence,
    detail: [measuredText(metric), `over ${plural(metric.pairs, 'paired block')}.`, openText(report)].join(' ').trim(),
  }
}

function withoutTrial(report: RunReport): VerdictText {
  const [first, last] = [report.ladder?.[0], report.ladder?.at(-1)]
  if (!first || !last) return diagnosed(report)
  const moved = last.p95Ms < first.p95Ms ? 'fell' : 'rose'
  return {
    sentence: `p95 latency ${moved} from ${formatMs(first.p95Ms)} to ${formatMs(last.p95Ms)}`,
    detail: `Measured step by step, without paired blocks, so there is no interval. ${openText(report)}`.trim(),
  }
}

/** p95 of everything when it shows what was decided, else the first gated metric that does. */
function headline(report: RunReport): MetricComparison | undefined {
  const p95 = overallMetric(report, 'p95Ms')
  if (!p95 || p95.verdict === report.verdict) return p95 ?? report.trial?.metrics[0]
  const agreeing = report.trial?.metrics.filter(metric => metric.verdict === report.verdict) ?? []
  return agreeing.find(metric => metric.gated) ?? agreeing[0] ?? p95
}

function measuredText({ name, ratio, verdict }: MetricComparison): string {
  if (![ratio.estimate, ratio.low, ratio.high].every(Number.isFinite)) return 'Measured'
  const latency = name.endsWith('Ms')
  if (verdict === 'equal' || !latency || ratio.low <= 0) {
    return `After is ${formatTimes(ratio.estimate)} times before (95${THIN}% interval ${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}),`
  }
  const gain = capitalised(formatGain(ratio.estimate))
  if (ratio.estimate <= 0.5) {
    return `${gain} (95${THIN}% interval ${formatTimes(1 / ratio.high)} to ${formatTimes(1 / ratio.low)} times),`
  }
  if (ratio.estimate >= 2) {
    return `${gain} (95${THIN}% interval ${formatTimes(ratio.low)} to ${formatTimes(ratio.high)} times),`
  }
  return `${gain} (95${THIN}% interval of after / before ${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}),`
}

function openText(report: RunReport): string {
  const applied = new Set(report.ladder?.flatMap(step => step.practice ?? []))
  const open = causesOf(report).filter(finding => !finding.measured && !applied.has(finding.practice)).length
  const remedies = (report.ladder?.length ?? 0) - 1
  const steps = remedies > 0 ? `${plural(remedies, 'remedy was', 'remedies were')} applied one after another.` : ''
  const left = open > 0 ? `${plural(open, 'more is', 'more are')} proposed below.` : ''
  return [steps, left].filter(Boolean).join(' ')
}

function diagnosed(report: RunReport): VerdictText {
  const causes = causesOf(report)
  if (causes.length === 0) return nothingToFix(report)
  const first = lowerFirst(causes[0]!.title)
  // What fails, or would in an outage, is no reason why it is slow.
  const isSlowness = causes.every(({ risk }) => risk === undefined)
  const count = numberWord(causes.length)
  const sentence =
    causes.length === 1
      ? `One thing ${isSlowness ? 'makes it slow' : 'needs mending'}: ${first}`
      : `${count} things ${isSlowness ? 'make it slow' : 'need mending'}, above all: ${first}`
  return {
    sentence,
    detail: `${measuredOn(report)}. Each is below with its evidence, its place and its remedy; nothing was changed yet.`,
  }
}

/** Latency and rate are of good answers; where some failed, all three counts are named. */
function measuredOn({ overall }: RunReport): string {
  const { p95Ms, ratePerSecond, requests, errors, response } = overall
  if (errors === 0)
    return `p95 is ${formatMs(p95Ms)} at ${formatNumber(ratePerSecond)} requests per second, over ${plural(requests, 'request')}`
  const failed = `${formatNumber(errors)} of ${plural(requests, 'request')} failed`
  if (response.count === 0) return `All that is known is that ${failed}`
  return `p95 is ${formatMs(p95Ms)} over ${plural(response.count, 'good answer')}, ${formatNumber(ratePerSecond)} per second; ${failed}`
}

function nothingToFix(report: RunReport): VerdictText {
  if (report.overall.requests === 0) {
    return {
      sentence: 'Nothing was measured',
      detail: 'No request was answered in this run, so nothing can be said about the service.',
    }
  }
  const unseen = report.coverage.filter(row => row.state === 'unknown' || row.state === 'ask').length
  const seen = `p95 is ${formatMs(report.overall.p95Ms)} at ${formatNumber(report.overall.ratePerSecond)} requests per second, errors ${formatFraction(errorFraction(report))}.`
  const left =
    unseen > 0 ? ` ${plural(unseen, 'practice')} could not be judged; below is what would make them visible.` : ''
  return { sentence: 'Nothing to fix in what could be seen', detail: seen + left }
}

/** Nothing could be decided although the machine was quiet: the load generator spoiled too many pairs. */
export function lostPairs({ guard, marginFraction }: TrialResult): boolean {
  return guard.tooNoisy && guard.spreadFraction <= marginFraction
}

function tooNoisy({ trial }: RunReport): VerdictText {
  if (trial && lostPairs(trial)) {
    return {
      sentence: 'Too few pairs to decide',
      detail: `${plural(trial.thrownOut, 'block was', 'blocks were')} thrown out because the load generator could not keep up, and ${plural(trial.pairs, 'pair is', 'pairs are')} left. The changes below are shown in grey and mean nothing: lower the rate, close what else is running, or take more pairs.`,
    }
  }
  const spread = trial ? formatFraction(trial.guard.spreadFraction) : 'more than the margin'
  return {
    sentence: 'Too noisy to decide',
    detail: `The same service measured against itself differed by ${spread} on this machine. The changes below are shown in grey and mean nothing until it is quiet: close what else is running, or measure longer.`,
  }
}

function failed(report: RunReport): VerdictText {
  const broke = report.events.findLast(event => event.kind === 'error')
  const after = broke ? ` after ${formatDuration(broke.atMs)}` : ''
  const kept =
    report.overall.requests > 0
      ? ` What was measured until then is below: ${plural(report.overall.requests, 'request')}.`
      : ''
  return { sentence: `The run broke${after}`, detail: `${broke?.text ?? 'It gave no reason.'}${kept}` }
}

export function errorFraction({ overall }: RunReport): number {
  return overall.requests === 0 ? 0 : overall.errors / overall.requests
}

function numberWord(count: number): string {
  return ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine'][count] ?? String(count)
}
function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
/** `N+1` and `SELECT` keep their capitals. */
function lowerFirst(text: string): string {
  return /^[A-Z][a-z ]/.test(text) ? text.slice(0, 1).toLowerCase() + text.slice(1) : text
}

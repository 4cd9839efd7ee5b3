/** What a load test found, as the sentence a reader sees first and the one below it; the terminal says the same. */
import type { CapacityResult, LoadReport, LoadStep, SoakResult, SpikeResult, StressResult } from '@whetstone/model'
import { formatDuration, formatFraction, formatMs, formatNumber, plural } from './format.ts'
import { quantileMs } from './histogram.ts'
import { formatSlope, thresholdFigure, trendWords } from './load-words.ts'

export interface LoadVerdict {
  readonly sentence: string
  readonly detail: string
}

/** The step whose latency is reported: the measured one, or of a search the largest rate that held. */
export function measuredStep({ steps, capacity, stress }: LoadReport): LoadStep | undefined {
  if (capacity) {
    const held = capacity.trials.filter(trial => trial.held)
    const best = held.toSorted((a, b) => b.offeredRatePerSecond - a.offeredRatePerSecond)[0]
    if (best && steps[best.step]) return steps[best.step]
  }
  const judged = steps.filter(({ purpose }) => purpose !== 'warm-up')
  if (stress) {
    const knee = stress.kneePerSecond ?? Infinity
    const rising = judged.filter(({ purpose, offeredRatePerSecond: rate }) => purpose !== 'recovery' && rate <= knee)
    const sentInTime = rising.filter(({ generator }) => generator.verdict !== 'invalid')
    const last = (sentInTime.length > 0 ? sentInTime : rising).toSorted(
      (a, b) => b.offeredRatePerSecond - a.offeredRatePerSecond,
    )[0]
    if (last) return last
  }
  return judged.find(({ purpose }) => purpose === 'measure') ?? judged[0]
}

/** The step by whose generator a test is believed: the one that is reported, unless the worst of them spoiled it all. */
export function generatorStep(report: LoadReport): LoadStep | undefined {
  if ((report.capacity || report.stress) && report.verdict !== 'invalid') return measuredStep(report)
  return report.steps
    .filter(({ purpose }) => purpose !== 'warm-up')
    .toSorted((a, b) => badness[b.generator.verdict] - badness[a.generator.verdict])[0]
}

const badness = { healthy: 0, degraded: 1, invalid: 2 } as const

export function loadVerdictOf(report: LoadReport): LoadVerdict {
  const step = measuredStep(report)
  if (step === undefined || step.overall.requests === 0)
    return { sentence: 'Nothing was measured', detail: 'No request was sent and answered in this run.' }
  return { sentence: sentenceOf(report, step), detail: detailOf(report, step) }
}

function sentenceOf(report: LoadReport, step: LoadStep): string {
  if (report.verdict === 'invalid') return invalidSentence(report)
  if (report.stopped === 'aborted') return `Stopped after ${formatDuration(step.durationMs)}: ${latencyOf(step)}`
  const failure = failureText(report)
  if (failure !== undefined) return capitalised(failure)
  if (report.capacity) return capacitySentence(report.capacity)
  if (report.stopped === 'threshold') return `Stopped after ${formatDuration(step.durationMs)}: ${brokenText(report)}`
  if (report.stress) return stressSentence(report.stress)
  if (report.spike) return spikeSentence(report.spike)
  if (report.verdict === 'fail') return capitalised(brokenText(report))
  if (report.soak) return soakSentence(report.soak)
  return report.thresholds.length > 0 && report.thresholds.every(({ state }) => state === 'kept')
    ? `${latencyOf(step)}, and every limit was kept`
    : latencyOf(step)
}

/** As in the generator's own judgement: below it a generator was held up rather than busy. */
const BUSY_CPU_FRACTION = 0.85

function invalidSentence({ steps, thresholds }: LoadReport): string {
  const late = steps.filter(({ purpose, generator }) => purpose !== 'warm-up' && generator.verdict === 'invalid')
  const isBusy = late.some(({ generator }) => generator.cpuFraction > BUSY_CPU_FRACTION)
  const why = `The load generator was ${isBusy ? 'the limit' : 'late'}`
  const unknown = thresholds.filter(({ state }) => state === 'unknown').length
  return unknown === 0 || unknown === thresholds.length
    ? `${why}, so nothing was proved`
    : `${why}, so ${unknown} of ${plural(thresholds.length, 'limit')} could not be judged`
}

function failureText({ failures = [] }: LoadReport): string | undefined {
  const [first] = failures
  return first === undefined || failures.length === 1 ? first : `${first}, and ${failures.slice(1).join(', and ')}`
}

/** Where nothing succeeded there is no latency to speak of. */
function latencyOf(step: LoadStep): string {
  const p95 = quantileMs(judgedResponse(step), 0.95)
  const load =
    step.arrivals === 'closed'
      ? `with ${plural(step.users ?? 0, 'user')}`
      : `at ${formatNumber(step.achievedRatePerSecond)} requests per second`
  return p95 === undefined ? `Every request failed ${load}` : `p95 is ${formatMs(p95)} ${load}`
}

/** From the first interval on that was steady; of the whole step where that is not known. */
export function judgedResponse(step: LoadStep): LoadStep['overall']['response'] {
  return step.steadyState?.response ?? step.overall.response
}

function brokenText({ thresholds }: LoadReport): string {
  const broken = thresholds.filter(({ state }) => state === 'broken')
  const [first] = broken
  if (first === undefined) return 'a limit was broken'
  const figure = first.value === undefined ? '' : ` at ${thresholdFigure(first)}`
  const others = broken.length > 1 ? `, and ${plural(broken.length - 1, 'other limit', 'other limits')}` : ''
  return `${first.threshold.text} was broken${figure}${others}`
}

function capacitySentence({ outcome, ratePerSecond, trials, objective, endedBy }: CapacityResult): string {
  const within = objective.map(({ text }) => text).join(' and ')
  const offered = trials.map(({ offeredRatePerSecond }) => offeredRatePerSecond)
  switch (outcome) {
    case 'found':
      return `It carries ${formatNumber(ratePerSecond?.estimate)} requests per second with ${within}`
    case 'above-largest-tried':
      return `It carries at least ${formatNumber(ratePerSecond?.low ?? Math.max(...offered))} requests per second with ${within}${endedBy === 'generator' ? '; above it this generator could not tell' : ''}`
    case 'below-smallest-tried':
      return `Not even ${formatNumber(Math.min(...offered))} requests per second kept ${within}`
    case 'undecided':
      return `The search ended before it knew how much it carries with ${within}`
    case 'invalid':
      return 'The load generator gave up before the service did'
  }
}

function stressSentence({ kneePerSecond, peakGoodputPerSecond, collapsed, endedBy }: StressResult): string {
  if (kneePerSecond === undefined && endedBy === 'first-rate')
    return `It did not even follow the first rate: ${formatNumber(peakGoodputPerSecond)} good answers per second`
  if (endedBy === 'generator')
    return `It follows up to ${formatNumber(kneePerSecond ?? peakGoodputPerSecond)} requests per second; above it this generator could not tell`
  if (kneePerSecond === undefined)
    return `It followed to the end: ${formatNumber(peakGoodputPerSecond)} good answers per second`
  const after = collapsed ? 'then it collapses' : 'and holds on beyond'
  return `It follows up to ${formatNumber(kneePerSecond)} requests per second, ${after}`
}

function spikeSentence({ p95BeforeMs, p95DuringMs, recoveryMs }: SpikeResult): string {
  if (p95BeforeMs === undefined)
    return p95DuringMs === undefined
      ? 'Nothing was answered before the spike, nor in it'
      : `p95 was ${formatMs(p95DuringMs)} in the spike, and nothing was answered before it`
  if (p95DuringMs === undefined)
    return `p95 was ${formatMs(p95BeforeMs)} before the spike, and nothing was answered in it`
  const back =
    recoveryMs === undefined
      ? 'and did not come back'
      : recoveryMs === 0
        ? 'and was back at once'
        : `and was back ${formatDuration(recoveryMs)} after it`
  return `p95 went from ${formatMs(p95BeforeMs)} to ${formatMs(p95DuringMs)} in the spike ${back}`
}

function soakSentence({ trends }: SoakResult): string {
  const growing = trends.filter(({ verdict }) => verdict === 'grows')
  const [first] = growing
  if (isUntold({ trends })) return 'Too short to tell whether anything grows'
  if (first) return `${capitalised(trendWords[first.metric])} grows by ${formatSlope(first)} an hour`
  const unclear = trends.filter(({ verdict }) => verdict === 'unclear').length
  return unclear > 0 ? 'Nothing surely grows, and not all of it is sure' : 'Nothing grows'
}

/** Not one quantity was read often enough. */
function isUntold({ trends }: Pick<SoakResult, 'trends'>): boolean {
  return trends.every(({ slopePerHour }) => slopePerHour === undefined)
}

function detailOf(report: LoadReport, step: LoadStep): string {
  const requests = report.steps
    .filter(({ purpose }) => purpose !== 'warm-up')
    .reduce((sum, { overall }) => sum + overall.requests, 0)
  const errors = step.errors / step.overall.requests
  const parts = [
    report.verdict === 'invalid' ? `${capitalised((generatorStep(report) ?? step).generator.reasons.join('; '))}.` : '',
    report.capacity ? bracketText(report.capacity) : '',
    report.stress ? recoveryText(report.stress) : '',
    `${plural(requests, 'request')}${report.capacity || report.stress ? '' : `, errors ${formatFraction(errors)}`}.`,
    step.arrivals === 'closed'
      ? 'In the closed model each user waits for its answer, so slow answers lower the load.'
      : 'Each is timed from the moment it was due, whether or not earlier ones had been answered.',
  ]
  return parts.filter(Boolean).join(' ')
}

function bracketText({ outcome, ratePerSecond }: CapacityResult): string {
  if (outcome === 'undecided' && ratePerSecond?.low === ratePerSecond?.high)
    return ratePerSecond === undefined ? 'No rate held so far.' : `${formatNumber(ratePerSecond.low)} per second held.`
  if ((outcome !== 'found' && outcome !== 'undecided') || ratePerSecond === undefined) return ''
  return `${formatNumber(ratePerSecond.low)} per second held, ${formatNumber(ratePerSecond.high)} did not.`
}

function recoveryText({ recoveryMs, kneePerSecond, goodputPastKneePerSecond, endedBy }: StressResult): string {
  if (kneePerSecond === undefined && endedBy === 'first-rate') return 'Begin with a smaller --rate.'
  if (kneePerSecond === undefined) return 'The knee lies beyond what was offered.'
  const past =
    goodputPastKneePerSecond === undefined
      ? ''
      : `Past the knee ${formatNumber(goodputPastKneePerSecond)} good answers per second were left. `
  if (endedBy === 'generator') return past.trimEnd()
  return recoveryMs === undefined
    ? `${past}It did not recover while it was watched.`
    : `${past}It recovered ${formatDuration(recoveryMs)} after the overload ended.`
}

function capitalised(text: string): string {
  return /^p\d/.test(text) ? text : text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** Turns what the engine handed back into the one object everything else is made from, and judges it. */
import { cpus } from 'node:os'
import { exitCodeOf, failuresOf, judgedWhileLate, type RunOutcome, verdictOf } from '@whetstone/load'
import {
  exitCodes,
  type GeneratorHealth,
  type LoadReport,
  type LoadStep,
  msText,
  percentText,
  wholeText,
} from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { adviceOn, refusalOf } from './load-refused.ts'

export interface ReportInput extends Omit<LoadReport, 'schema' | 'verdict' | 'failures' | 'exitCode' | 'warnings'> {
  /** Beside those that can be read from the figures. */
  readonly warnings?: readonly string[]
  /** What cannot be decided ends with 4. */
  readonly strictNoise: boolean
}

export function loadReport({ strictNoise, warnings = [], ...input }: ReportInput): LoadReport {
  const judged = judgedSteps(input.steps)
  const generator = generatorOf(input)
  const thresholds = generator === 'invalid' ? judgedWhileLate(input.thresholds, judged) : input.thresholds
  const failures = failuresOf(judged, { checksMayFail: checksMayFail(input) })
  const outcome: RunOutcome = {
    results: thresholds,
    failures,
    generator,
    stopped: input.stopped,
    lost: judged.some(step => step.lost !== undefined),
    strict: strictNoise,
  }
  // Not one rate kept the objective that was given: the gate says no.
  const isBelow = input.capacity?.outcome === 'below-smallest-tried' && input.stopped === 'finished'
  const isUndecided = (input.capacity?.outcome === 'undecided' || isUntold(input)) && input.stopped === 'finished'
  return {
    schema: 'whetstone/load@1',
    ...input,
    thresholds,
    ...(failures.length > 0 && { failures }),
    verdict: isBelow ? 'fail' : verdictOf(outcome),
    exitCode: isBelow
      ? exitCodes.gate
      : isUndecided && verdictOf(outcome) !== 'fail'
        ? exitCodes.undecided
        : exitCodeOf(outcome),
    warnings: [...new Set([...warnings, ...refused(input.steps, failures), ...warningsOf(input)])],
  }
}

function refused(steps: readonly LoadStep[], failures: readonly string[]): readonly string[] {
  const refusal = refusalOf({ steps, failures })
  return refusal === undefined ? [] : [`${refusal.route}: ${adviceOn(refusal)}`]
}

/** A soak so short that not one quantity was read often enough for a trend. */
function isUntold({ soak }: Omit<ReportInput, 'strictNoise'>): boolean {
  return soak !== undefined && soak.trends.every(({ slopePerHour }) => slopePerHour === undefined)
}

/** Past what the service carries they do, and a limit on checks says itself how many may. */
function checksMayFail({ kind, thresholds }: Omit<ReportInput, 'strictNoise'>): boolean {
  const isOverload = kind === 'stress' || kind === 'spike' || kind === 'capacity'
  return isOverload || thresholds.some(({ threshold }) => threshold.metric.kind === 'checks')
}

/** A search and a stress test go past what can be sent, on purpose; a search says itself when that spoiled it. */
function generatorOf({ kind, steps, capacity, stress }: Omit<ReportInput, 'strictNoise'>): GeneratorHealth['verdict'] {
  if (kind === 'capacity')
    return capacity?.outcome === 'invalid' ? 'invalid' : capacity?.endedBy === 'generator' ? 'degraded' : 'healthy'
  const verdicts = judgedSteps(steps).map(({ generator }) => generator.verdict)
  if (kind === 'stress' && verdicts.some(one => one !== 'invalid'))
    return stress?.endedBy === 'generator' ? 'degraded' : 'healthy'
  return verdicts.includes('invalid') ? 'invalid' : verdicts.includes('degraded') ? 'degraded' : 'healthy'
}

/** The warm-up is shown and never judged. */
function judgedSteps(steps: readonly LoadStep[]): readonly LoadStep[] {
  return steps.filter(({ purpose }) => purpose !== 'warm-up')
}

/** Ten samples must lie beyond a quantile before it says more than which request was unlucky. */
const samplesBeyond = 10
const samplesForP99 = samplesBeyond * 100

/** Kept by what nobody wishes for: slow answers, errors, few requests, failed checks. */
function backwards({ thresholds, capacity }: Omit<ReportInput, 'strictNoise'>): readonly string[] {
  return [...thresholds.map(({ threshold }) => threshold), ...(capacity?.objective ?? [])].flatMap(limit => {
    const { metric, comparison, text } = limit
    const isFloor = metric.kind === 'rate' || metric.kind === 'checks'
    if (isFloor === comparison.startsWith('>')) return []
    const [kept, usual] = isFloor ? ['low', comparison.replace('<', '>')] : ['high', comparison.replace('>', '<')]
    return [`${text} is kept by ${kept} values: did you mean ${text.replace(comparison, usual)}?`]
  })
}

function warningsOf(input: Omit<ReportInput, 'strictNoise'>): readonly string[] {
  const { kind, steps, stopped } = input
  const judged = judgedSteps(steps)
  const [step] = judged
  if (step === undefined) return ['it ended before anything was measured']
  const warnings = [...backwards(input)]
  const { count } = step.overall.response
  if (count === 0) warnings.push('no request was answered successfully, so there is no latency to report')
  else if (count < samplesForP99 && kind === 'load' && stopped === 'finished')
    warnings.push(`p99 rests on ${beyondText(count)}; ${wholeText(samplesForP99)} answers are needed to trust it`)
  if (step.steadyState?.kind === 'never-steady')
    warnings.push('the response times never settled: these are the quantiles of a service that was still changing')
  if (step.arrivals === 'closed')
    warnings.push('closed model: each user waits for its answer, so slow answers lower the load and hide their queue')
  const { lost } = judged.toSorted((a, b) => (b.lost?.fraction ?? 0) - (a.lost?.fraction ?? 0))[0]!
  if (lost)
    warnings.push(
      `${lost.workers} of ${lost.ofWorkers} workers were lost, and with them ${percentText(lost.fraction)} of the offered load; every figure is of the rest`,
    )
  const waited = longestConnectionWaitMs(input)
  if (waited > 0)
    warnings.push(
      `requests waited up to ${msText(waited)} at p99 until a connection was open and free, which is part of their response time: it opened slowly, the service was slow, or --connections is too small`,
    )
  return warnings
}

/** At p99, of the steps in which it is more than a tenth of the response time; 0 where it is nowhere. Past a knee all must wait. */
function longestConnectionWaitMs({ steps, stress }: Omit<ReportInput, 'strictNoise'>): number {
  const knee = stress?.kneePerSecond ?? Infinity
  return judgedSteps(steps)
    .filter(({ purpose, offeredRatePerSecond }) => purpose !== 'recovery' && offeredRatePerSecond <= knee)
    .reduce((longest, step) => {
      const { connectionWaitP99Ms = 0 } = step.generator
      return connectionWaitP99Ms > 1 && connectionWaitP99Ms > 0.1 * p99Ms(step)
        ? Math.max(longest, connectionWaitP99Ms)
        : longest
    }, 0)
}

function beyondText(count: number): string {
  const beyond = Math.floor(count / 100)
  const samples = `${wholeText(count)} ${count === 1 ? 'answer' : 'answers'}`
  return beyond <= 1 ? `the slowest of ${samples}` : `the ${wholeText(beyond)} slowest of ${samples}`
}

function p99Ms({ overall: { response } }: LoadStep): number {
  return response.count === 0 ? Infinity : Histogram.fromJSON(response).quantile(0.99) / 1_000
}

export function machineName(): string {
  const list = cpus()
  return `${list.length} cores, ${list[0]?.model.trim() ?? 'unknown CPU'}, ${process.platform} ${process.arch}`
}

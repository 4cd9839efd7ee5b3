/** Turns what the engine handed back into the one object everything else is made from, and judges it. */
import type { LoadResult } from '@whetstone/load'
import {
  type ExitCode,
  exitCodes,
  type LoadReport,
  type LoadStep,
  msText,
  percentText,
  type ThresholdResult,
  wholeText,
} from '@whetstone/model'
import { Histogram } from '@whetstone/stats'

export type ReportInput = Omit<LoadReport, 'schema' | 'verdict' | 'exitCode' | 'warnings'> & {
  readonly warnings?: readonly string[]
  readonly strictNoise: boolean
}

export function loadReport({ strictNoise, warnings = [], ...input }: ReportInput): LoadReport {
  const verdict = verdictOf(input)
  return {
    schema: 'whetstone/load@1',
    ...input,
    verdict,
    exitCode: exitCodeOf(verdict, input.thresholds, strictNoise),
    warnings: [...new Set([...warnings, ...warningsOf(input)])],
  }
}

/** Warm-up and measured part in the order they ran. */
export function stepsOf({ warmUp, measure }: Pick<LoadResult, 'warmUp' | 'measure'>): readonly LoadStep[] {
  return [...(warmUp ? [warmUp] : []), measure]
}

type Judged = Pick<LoadReport, 'kind' | 'steps' | 'stopped' | 'thresholds' | 'capacity'>

function verdictOf({ kind, steps, stopped, thresholds, capacity }: Judged): LoadReport['verdict'] {
  const judged = judgedSteps(steps)
  if (stopped === 'aborted') return 'aborted'
  // A search and a stress test go past what the machine can send on purpose; what became of that is in their own outcome.
  const lone = kind === 'load' || kind === 'soak' || kind === 'spike'
  if (lone && judged.some(step => step.generator.verdict === 'invalid')) return 'invalid'
  if (capacity?.outcome === 'invalid') return 'invalid'
  if (stopped === 'threshold' || thresholds.some(({ state }) => state === 'broken')) return 'fail'
  if (capacity?.outcome === 'below-smallest-tried') return 'fail'
  return judged.some(step => step.lost !== undefined) ? 'degraded' : 'pass'
}

/**
 * A gate that could not be judged must not let pass in silence: with thresholds, an invalid run ends with 4. Without any,
 * what could not be decided ends with 0 and a warning, or with 4 when noise was declared strict.
 */
function exitCodeOf(
  verdict: LoadReport['verdict'],
  thresholds: readonly ThresholdResult[],
  strictNoise: boolean,
): ExitCode {
  if (verdict === 'aborted') return exitCodes.interrupted
  if (verdict === 'fail') return exitCodes.gate
  const undecided = verdict !== 'pass' || thresholds.some(({ state }) => state === 'unknown')
  if (verdict === 'invalid' && thresholds.length > 0) return exitCodes.undecided
  return undecided && strictNoise ? exitCodes.undecided : exitCodes.ok
}

/** The warm-up is shown and never judged. */
function judgedSteps(steps: readonly LoadStep[]): readonly LoadStep[] {
  return steps.filter(({ purpose }) => purpose !== 'warm-up')
}

/** Ten samples must lie beyond a quantile before it says more than which request was unlucky. */
const samplesBeyond = 10

function warningsOf({ kind, steps, stopped, thresholds }: Judged): readonly string[] {
  const measured = judgedSteps(steps)
  const step = measured[0]
  if (step === undefined) return []
  const warnings: string[] = []
  if (step.overall.response.count === 0)
    warnings.push('no request was answered successfully: there is no latency to report')
  else if (kind === 'load' && stopped !== 'aborted') {
    const beyondP99 = Math.floor(step.overall.response.count * 0.01)
    if (beyondP99 < samplesBeyond)
      warnings.push(
        `p99 rests on ${wholeText(beyondP99)} of ${wholeText(step.overall.response.count)} samples: measure longer or at a higher rate for at least ${wholeText(samplesBeyond * 100)}`,
      )
  }
  if (step.steadyState?.kind === 'never-steady')
    warnings.push('the response times never settled: the quantiles describe a service that was still changing')
  if (step.arrivals === 'closed')
    warnings.push(
      'closed model: each user waits for its answer, so slow answers lower the load and hide their own queue',
    )
  if (step.lost)
    warnings.push(
      `${step.lost.workers} of ${step.lost.ofWorkers} workers were lost, and with them ${percentText(step.lost.fraction)} of the offered load: every figure is of the rest`,
    )
  for (const { threshold, state, note } of thresholds)
    if (state === 'unknown')
      warnings.push(`${threshold.text} could not be judged${note === undefined ? '' : `: ${note}`}`)
  const wait = step.generator.connectionWaitP99Ms ?? 0
  if (wait > 1 && wait > 0.1 * p99Ms(step))
    warnings.push(
      `requests waited up to ${msText(wait)} at p99 for one of the connections; that is part of their response time (--connections)`,
    )
  return warnings
}

function p99Ms({ overall: { response } }: LoadStep): number {
  return response.count === 0 ? Infinity : Histogram.fromJSON(response).quantile(0.99) / 1_000
}

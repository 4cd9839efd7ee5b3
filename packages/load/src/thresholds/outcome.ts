/** What a run comes to in one word and one exit code. */
import { exitCodes } from '@whetstone/model'
import type { ExitCode, GeneratorHealth, LoadReport, ThresholdResult } from '@whetstone/model'

export interface RunOutcome {
  readonly results: readonly ThresholdResult[]
  /** The worst of the steps that were judged. */
  readonly generator: GeneratorHealth['verdict']
  readonly stopped: LoadReport['stopped']
  /** A share of the load was lost with a worker. */
  readonly lost?: boolean
  /** What could not be decided ends with 4 rather than 0: `--strict-noise`. */
  readonly strict?: boolean
}

/** Limits that could not be judged leave the verdict as it is: they are in the results, and with `strict` in the exit code. */
export function verdictOf({ results, generator, stopped, lost = false }: RunOutcome): LoadReport['verdict'] {
  if (stopped === 'aborted') return 'aborted'
  // Also where a limit is broken: a late generator measures its own lateness and calls it the service's.
  if (generator === 'invalid') return 'invalid'
  if (stopped === 'threshold' || results.some(({ state }) => state === 'broken')) return 'fail'
  return lost ? 'degraded' : 'pass'
}

/** An invalid run is never a pass, and proves no breach either: it ends with 4, strict or not. */
export function exitCodeOf(outcome: RunOutcome): ExitCode {
  const verdict = verdictOf(outcome)
  switch (verdict) {
    case 'aborted':
      return exitCodes.interrupted
    case 'invalid':
      return exitCodes.undecided
    case 'fail':
      return exitCodes.gate
    case 'degraded':
    case 'pass': {
      const undecided =
        verdict === 'degraded' ||
        outcome.generator === 'degraded' ||
        outcome.results.some(({ state }) => state === 'unknown')
      return outcome.strict === true && undecided ? exitCodes.undecided : exitCodes.ok
    }
  }
}

/** What a run comes to in one word and one exit code. */
import { exitCodes } from '@whetstone/model'
import type { ExitCode, GeneratorHealth, LoadReport, ThresholdResult } from '@whetstone/model'

export interface RunOutcome {
  /** Where the generator is invalid, those of `judgedWhileLate`. */
  readonly results: readonly ThresholdResult[]
  /** Of `failuresOf`. */
  readonly failures?: readonly string[]
  /** The worst of the steps that were judged. */
  readonly generator: GeneratorHealth['verdict']
  readonly stopped: LoadReport['stopped']
  /** A share of the load was lost with a worker. */
  readonly lost?: boolean
  /** What could not be decided ends with 4 rather than 0: `--strict-noise`. */
  readonly strict?: boolean
}

/** Limits that could not be judged leave the verdict as it is: they are in the results, and with `strict` in the exit code. */
export function verdictOf(outcome: RunOutcome): LoadReport['verdict'] {
  const { results, failures = [], generator, stopped, lost = false } = outcome
  if (stopped === 'aborted') return 'aborted'
  // Also with a late generator: what its lateness could have done by itself is unknown here, and not broken.
  if (failures.length > 0 || results.some(({ state }) => state === 'broken')) return 'fail'
  const allKept = results.length > 0 && results.every(({ state }) => state === 'kept')
  if (generator === 'invalid' && !(allKept && stopped === 'finished')) return 'invalid'
  if (stopped === 'threshold') return 'fail'
  return lost ? 'degraded' : 'pass'
}

/** An invalid run ends with 4, strict or not. */
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
        outcome.generator !== 'healthy' ||
        outcome.results.some(({ state }) => state === 'unknown')
      return outcome.strict === true && undecided ? exitCodes.undecided : exitCodes.ok
    }
  }
}

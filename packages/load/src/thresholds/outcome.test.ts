/** The verdict and the exit code of a run, as a table. */
import type { ThresholdResult } from '@whetstone/model'
import { expect, it } from 'vitest'
import { type RunOutcome, exitCodeOf, verdictOf } from './outcome.ts'
import { parseThreshold } from './parse.ts'

const result = (state: ThresholdResult['state']): ThresholdResult => ({ threshold: parseThreshold('p95 < 1s'), state })
const calm: RunOutcome = { results: [result('kept')], generator: 'healthy', stopped: 'finished' }

it.each<[string, Partial<RunOutcome>, ReturnType<typeof verdictOf>, number, number]>([
  ['kept', {}, 'pass', 0, 0],
  ['no limits', { results: [] }, 'pass', 0, 0],
  ['one broken', { results: [result('kept'), result('unknown'), result('broken')] }, 'fail', 1, 1],
  ['ended by a limit', { stopped: 'threshold' }, 'fail', 1, 1],
  ['one unknown', { results: [result('kept'), result('unknown')] }, 'pass', 0, 4],
  ['a generator that was late', { generator: 'degraded' }, 'pass', 0, 4],
  ['a worker was lost', { lost: true }, 'degraded', 0, 4],
  ['a worker was lost, and a limit broken', { lost: true, results: [result('broken')] }, 'fail', 1, 1],
  ['a check that failed', { failures: ['the check "a" failed'], results: [] }, 'fail', 1, 1],
  ['a generator that measured itself', { generator: 'invalid', results: [] }, 'invalid', 4, 4],
  ['the same, with every limit kept all the same', { generator: 'invalid' }, 'pass', 0, 4],
  [
    'the same, with one not known',
    { generator: 'invalid', results: [result('kept'), result('unknown')] },
    'invalid',
    4,
    4,
  ],
  ['the same, with one broken all the same', { generator: 'invalid', results: [result('broken')] }, 'fail', 1, 1],
  [
    'the same, ended by a limit',
    { generator: 'invalid', stopped: 'threshold', results: [result('unknown')] },
    'invalid',
    4,
    4,
  ],
  ['interrupted', { stopped: 'aborted', generator: 'invalid', results: [result('broken')] }, 'aborted', 130, 130],
])('%s', (_name, change, verdict, exitCode, strictExitCode) => {
  const outcome = { ...calm, ...change }
  expect([verdictOf(outcome), exitCodeOf(outcome), exitCodeOf({ ...outcome, strict: true })]).toEqual([
    verdict,
    exitCode,
    strictExitCode,
  ])
})

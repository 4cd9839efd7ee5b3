/** What limits still say when the generator was late. */
import type { LoadStep, ThresholdResult } from '@whetstone/model'
import { expect, it } from 'vitest'
import { judgedWhileLate } from './lateness.ts'
import { parseThreshold } from './parse.ts'

type State = ThresholdResult['state']
const stepOf = (sent: number) =>
  ({
    achievedRatePerSecond: sent / 10,
    offeredRatePerSecond: 100,
    durationMs: 10_000,
    lag: { count: 1_000 },
  }) as LoadStep
const judged = (text: string, state: State, sent = 1_000) =>
  judgedWhileLate([{ threshold: parseThreshold(text), state }], [stepOf(sent)])[0]!

it.each<[string, State, State]>([
  ['errors < 1%', 'broken', 'broken'],
  ['errors < 1%', 'kept', 'kept'],
  ['checks >= 99%', 'broken', 'broken'],
  ['p95 < 300ms', 'kept', 'kept'],
  ['p95 < 300ms', 'broken', 'unknown'],
  ['service p95 < 300ms', 'broken', 'unknown'],
  ['p95 > 300ms', 'kept', 'unknown'],
  ['p95 > 300ms', 'broken', 'broken'],
  ['rate >= 95/s', 'kept', 'unknown'],
  ['rate >= 95/s', 'broken', 'unknown'],
])('%s that was %s is %s', (text, state, expected) => {
  expect(judged(text, state).state).toBe(expected)
})

it('a response limit is not proved by a load that was not sent', () => {
  expect(judged('p95 < 300ms', 'kept', 980)).toMatchObject({ state: 'unknown', note: 'the generator was late' })
  expect(judged('p95 < 300ms', 'kept', 995).state).toBe('kept')
})

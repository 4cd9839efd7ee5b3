import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { history, trialOf } from '../derive/testing/earlier.ts'
import { query, times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { optimiseBiggestFirst } from './optimise-biggest-first.ts'

const traces = tracesOf([
  ...times(60, trace('GET /orders', 100, [query('s', 5, 80)])),
  ...times(40, trace('GET /health', 2, [])),
  ...times(60, trace('GET /items', 8, [])),
])
/** 40 requests of 3 ms among 6.5 s in all. */
const small = trialOf([{ route: 'GET /health', beforeMs: 3, afterMs: 2 }])
const large = trialOf([{ route: 'GET /items', beforeMs: 90, afterMs: 8 }])
const elsewhere = trialOf([{ route: 'GET /not-asked', beforeMs: 5, afterMs: 4 }])
const after = (...trials: (typeof small)[]) => ({ traces, ...history({ trials }) })

describePractice(optimiseBiggestFirst, {
  silent: {
    'nothing was changed yet': { traces },
    'nothing was traced': { traces: tracesOf([]) },
    'two small changes': after(small, small),
    'three small changes, which is a question': after(small, small, small),
    'one of three is on what was heavy before it': after(small, large, small),
  },
  reports: {},
})

describe('its row of the coverage', () => {
  it('says where the time goes', () => {
    expect(outcomeOf(optimiseBiggestFirst, after(small, small))).toMatchObject({
      kind: 'pass',
      note: 'GET /orders carries 91 % of the time, database 73 %',
    })
  })

  it('asks when three changes in a row were made elsewhere', () => {
    expect(outcomeOf(optimiseBiggestFirst, after(large, small, small, small))).toMatchObject({
      kind: 'ask',
      question:
        'The last 3 changes that were proved are on routes with at most 1.8 % of the time, while GET /orders carries 91 % of the time, database 73 %. Is that meant?',
    })
  })

  it.each([
    ['was heavy before it', [small, large, small]],
    ['is on a route that this run did not ask for', [small, elsewhere, small]],
  ])('holds nothing against a change that %s', (_, trials) => {
    expect(outcomeOf(optimiseBiggestFirst, after(...trials))).toMatchObject({ kind: 'pass' })
  })

  it('counts no trial that decided nothing or found no difference', () => {
    const undecided = [
      trialOf([], { verdict: 'equal' }),
      { ...small, tooNoisy: true },
      { ...small, verdict: 'unclear' as const },
    ]
    expect(outcomeOf(optimiseBiggestFirst, after(small, ...undecided, small))).toMatchObject({ kind: 'pass' })
  })
})

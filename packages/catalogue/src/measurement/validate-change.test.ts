import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { history, trialOf } from '../derive/testing/earlier.ts'
import { historyOf } from '../derive/testing/load.ts'
import { validateChange } from './validate-change.ts'

const afterTrial = (...more: Parameters<typeof trialOf>[1][]) => history({ trials: more.map(one => trialOf([], one)) })

describePractice(validateChange, {
  silent: {
    'no comparison': history(),
    'one that proved a gain': afterTrial({}),
    'one that proved a loss, which is a question': afterTrial({ verdict: 'worse' }),
    'one that decided nothing': afterTrial({ verdict: 'unclear' }),
    'one on a noisy machine': afterTrial({ tooNoisy: true }),
  },
  reports: {},
})

describe('its row of the coverage', () => {
  it.each([
    ['no comparison', history(), /no change was compared/],
    ['one that decided nothing', afterTrial({}, { verdict: 'unclear' }), /reach to both sides/],
    ['one on a noisy machine', afterTrial({ tooNoisy: true }), /too noisy/],
    ['one of a few pairs', afterTrial({ pairs: 5 }), /5 pairs only/],
  ])('says what to type after %s', (_, evidence, why) => {
    expect(outcomeOf(validateChange, evidence)).toMatchObject({
      kind: 'unknown',
      why: expect.stringMatching(why),
      give: expect.stringMatching(/^whetstone trial .*--a '<command before>'/),
    })
  })

  it('asks whether a loss was taken back', () => {
    expect(outcomeOf(validateChange, afterTrial({ verdict: 'worse' }))).toMatchObject({
      kind: 'ask',
      question: 'The change compared on 2026-11-20 made it slower. Was it taken back?',
    })
  })

  it('passes on what was proved, no difference included', () => {
    expect(outcomeOf(validateChange, afterTrial({ verdict: 'unclear' }, {}))).toMatchObject({
      kind: 'pass',
      note: 'better in 20 pairs on 2026-11-20: p95 0.52 of what it was (0.48 to 0.57)',
    })
    expect(outcomeOf(validateChange, afterTrial({ verdict: 'equal' }))).toMatchObject({ kind: 'pass' })
    expect(outcomeOf(validateChange, { history: historyOf({ trialPairs: 14 }) })).toMatchObject({
      kind: 'pass',
      note: 'compared in this run in 14 pairs',
    })
  })
})

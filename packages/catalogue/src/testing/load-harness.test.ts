import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { earlierRun, history, thisRun } from '../derive/testing/earlier.ts'
import { loadHarness } from './load-harness.ts'

const line = history({ earlier: [412, 96, 33].map(p95Ms => earlierRun(p95Ms)) })

describePractice(loadHarness, {
  silent: {
    'the first run': history(),
    'a run before it': history({ earlier: [earlierRun(412)] }),
    'a line of them': line,
    'a line that rises': history({ earlier: [30, 90, 400].map(p95Ms => earlierRun(p95Ms)) }),
  },
  reports: {},
})

describe('its row of the coverage', () => {
  it.each([
    ['the first run', history(), /begins with it/],
    ['one before it', history({ earlier: [earlierRun(412)] }), /one more/],
    ['runs that answered nothing', history({ earlier: [earlierRun(0), earlierRun(0)] }), /begins with it/],
  ])('says what to type after %s', (_, evidence, why) => {
    expect(outcomeOf(loadHarness, evidence)).toMatchObject({
      kind: 'unknown',
      why: expect.stringMatching(why),
      give: expect.stringContaining('whetstone history'),
    })
  })

  it('draws the line up to this run', () => {
    expect(outcomeOf(loadHarness, { ...line, 'load-curve': thisRun })).toMatchObject({
      kind: 'pass',
      note: expect.stringMatching(/^p95 over the last 3 runs: 412 ms, 96 ms, 33 ms/),
    })
  })
})

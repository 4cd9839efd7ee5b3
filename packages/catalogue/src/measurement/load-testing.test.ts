import { describe, expect, it } from 'vitest'
import { capacityOf } from '../derive/testing/capacities.ts'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { after, loadTest, stressTest } from '../derive/testing/earlier.ts'
import { loadTesting } from './load-testing.ts'

const old = { startedAt: '2026-10-01T09:00:00.000Z' }
const closed = loadTest({ arrivals: 'closed' })

describePractice(loadTesting, {
  silent: {
    'no test at all': after(),
    'a good one': after(loadTest()),
    'one that broke its limits, which is a question': after(loadTest({}, { verdict: 'fail' })),
    'one of the closed model': after(closed),
    'an old one': after(loadTest({}, old)),
    'one whose generator could not keep up': after(loadTest({}, { verdict: 'invalid' })),
  },
  reports: {},
})

describe('its row of the coverage', () => {
  it.each([
    ['no test at all', after(), /no load test/],
    ['one that was stopped', after(loadTest({}, { verdict: 'aborted' })), /no load test/],
    ['a kind without a rate', after(loadTest({}, { measured: undefined } as never)), /no load test/],
    ['the closed model only', after(closed), /closed-model/],
    ['an old one', after(loadTest({}, old)), /51 days old/],
  ])('says what to type after %s', (_, evidence, why) => {
    expect(outcomeOf(loadTesting, evidence)).toMatchObject({
      kind: 'unknown',
      why: expect.stringMatching(why),
      give: 'whetstone load --rate <requests a second> --duration 60s -- <command>',
    })
  })

  it('holds what was tested against the peak of production', () => {
    const tested = after(loadTest({ offeredPerSecond: 300 }), loadTest())
    expect(outcomeOf(loadTesting, tested, { peakPerSecond: 400 })).toMatchObject({
      kind: 'unknown',
      why: 'tested with up to 300 requests/s, and 400 are to be expected',
      give: 'whetstone load --rate 400 --duration 60s -- <command>',
    })
    expect(outcomeOf(loadTesting, tested, { peakPerSecond: 300 })).toMatchObject({ kind: 'pass' })
  })

  it('asks after one that broke its limits', () => {
    expect(outcomeOf(loadTesting, after(loadTest({}, { verdict: 'fail' })))).toMatchObject({
      kind: 'ask',
      question: 'The load test of 2026-11-20 broke its limits. Has that been mended since?',
    })
  })

  it('passes with what the last one showed, a search over rates counting by its highest', () => {
    expect(outcomeOf(loadTesting, after(closed, loadTest({ errors: 60 })))).toMatchObject({
      kind: 'pass',
      note: '100 requests/s on 2026-11-20, p95 41 ms, 1 % errors',
    })
    const curve = [{ concurrency: 2, ratePerSecond: 340, offeredPerSecond: 420 }]
    for (const load of [stressTest({}, { curve }), capacityOf(340, { curve })])
      expect(outcomeOf(loadTesting, after(load))).toMatchObject({
        note: `up to 420 requests/s on 2026-11-20 (${load.kind})`,
      })
  })
})

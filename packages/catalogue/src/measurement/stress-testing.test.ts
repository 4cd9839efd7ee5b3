import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { after, loadTest, stressTest } from '../derive/testing/earlier.ts'
import { stressTesting } from './stress-testing.ts'

const { recoveryMs: _never, ...stuck } = stressTest().stress!
const { watchedMs: _unknown, ...unwatched } = stuck
const { kneePerSecond: _none, ...withoutKnee } = stressTest().stress!
const monthsAgo = { startedAt: '2026-09-01T09:00:00.000Z' }
const collapsed = { goodputPastKneePerSecond: 70, collapsed: true }

describePractice(stressTesting, {
  silent: {
    'no stress test': after(),
    'a load test only': after(loadTest()),
    'it held and came back': after(stressTest()),
    'the knee was not reached': after(stressTest({}, { stress: withoutKnee })),
    'the generator fell behind before a knee': after(
      stressTest({}, { stress: { ...withoutKnee, endedBy: 'generator' } }),
    ),
    'not even the first rate was followed': after(
      stressTest({}, { stress: { ...withoutKnee, endedBy: 'first-rate' } }),
    ),
    'a quarter less past the knee, which a generator beside it may have taken': after(
      stressTest({ goodputPastKneePerSecond: 260, collapsed: true }),
    ),
    'a collapse months ago': after(stressTest(collapsed, monthsAgo)),
    'a generator that fell behind itself': after(stressTest({ ...collapsed, generator: 'invalid' })),
    'it was not back, and nobody knows for how long it was watched': after(stressTest({}, { stress: unwatched })),
    'an interrupted test': after(stressTest(collapsed, { verdict: 'aborted' })),
    'a collapse before the last test': after(stressTest(collapsed), stressTest()),
  },
  reports: {
    'it answers a fifth of its best': {
      evidence: after(stressTest(), stressTest(collapsed)),
      finds: [
        {
          fingerprint: 'stress-testing|||overload',
          practice: 'stress-testing',
          title: 'past 340 requests/s it answers 20 % of its best',
          where: { resource: 'overload' },
          facts: [
            { label: 'rate at its knee', quantity: { value: 340, unit: 'per-second' }, evidence: { kind: 'history' } },
            { label: 'answered at most', quantity: { value: 350, unit: 'per-second' }, evidence: { kind: 'history' } },
            {
              label: 'answered past the knee',
              quantity: { value: 70, unit: 'per-second' },
              evidence: { kind: 'history' },
            },
            { label: 'recovered after', quantity: { value: 3_000, unit: 'ms' }, evidence: { kind: 'history' } },
          ],
          confidence: 'measured',
          risk: 'outage',
          remedy: {
            summary: expect.any(String),
            steps: expect.arrayContaining([expect.stringMatching(/^Seen in the stress test of 2026-11-20/)]),
            code: { language: 'ts', after: expect.stringContaining('503') },
          },
        },
      ],
    },
    'it does not come back': {
      evidence: after(stressTest({}, { stress: stuck })),
      finds: [
        expect.objectContaining({
          title: 'past 340 requests/s it does not recover in the 24.0 s after the load is gone',
          risk: 'outage',
        }),
      ],
    },
  },
})

describe('its row of the coverage', () => {
  it.each([
    ['no test', after(), 'whetstone load stress -- <command>'],
    [
      'no knee',
      after(stressTest({}, { stress: withoutKnee })),
      'whetstone load stress -- <command>, with a higher --max-rate',
    ],
    ['a generator that fell behind', after(stressTest({ generator: 'invalid' })), 'whetstone load stress -- <command>'],
  ])('says what to type after %s', (_, evidence, give) => {
    expect(outcomeOf(stressTesting, evidence)).toMatchObject({ kind: 'unknown', give })
  })

  it('asks about what may have been mended, and about a little less than its best', () => {
    expect(outcomeOf(stressTesting, after(stressTest({}, { stress: stuck, ...monthsAgo })))).toMatchObject({
      kind: 'ask',
      question:
        'In the stress test of 2026-09-01 it answered 96 % of its best past the knee and did not recover in the 24.0 s it was watched after the load was gone. Is that still so?',
    })
    expect(outcomeOf(stressTesting, after(stressTest({}, { stress: unwatched })))).toMatchObject({
      kind: 'ask',
      question: expect.stringContaining('did not recover while it was watched after the load was gone'),
    })
    expect(outcomeOf(stressTesting, after(stressTest({ goodputPastKneePerSecond: 260 })))).toMatchObject({
      kind: 'ask',
    })
  })

  it('passes with the knee and how long it took to be back', () => {
    expect(outcomeOf(stressTesting, after(stressTest()))).toMatchObject({
      kind: 'pass',
      note: 'knee at 340 requests/s on 2026-11-20; past it 96 % of its best, recovered after 3.00 s',
    })
  })
})

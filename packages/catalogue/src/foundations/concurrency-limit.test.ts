import { describe, expect, it } from 'vitest'
import { afterTests, capacityOf } from '../derive/testing/capacities.ts'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
import { concurrencyLimit } from './concurrency-limit.ts'

const noLimit = { outcome: 'above-largest-tried' } as const

describePractice(concurrencyLimit, {
  silent: {
    'no capacity test': afterTests(),
    'a capacity, and nobody says what is wanted': afterTests(capacityOf(340)),
    'a test that found no limit': afterTests(capacityOf(340, { capacity: noLimit })),
    'a test whose generator could not keep up': afterTests(capacityOf(340, { verdict: 'invalid' })),
    'a test without points': afterTests(capacityOf(340, { curve: [] })),
  },
  reports: {
    'more is wanted than it sustains': {
      evidence: afterTests(capacityOf(900), capacityOf(340)),
      thresholds: { targetPerSecond: 500 },
      finds: [
        {
          fingerprint: 'concurrency-limit|||capacity',
          practice: 'concurrency-limit',
          title: '500 requests/s are wanted of 340 it sustains: 147 %',
          where: { resource: 'capacity' },
          facts: [
            {
              label: 'requests it sustains',
              quantity: { value: 340, low: 333.2, high: 346.8, unit: 'per-second' },
              evidence: { kind: 'history' },
            },
            stated('under way at most', 16, 'count', 'history'),
            stated('waiting for its turn', 0.06, 'fraction', 'history'),
          ],
          confidence: 'measured',
          risk: 'outage',
          remedy: expect.objectContaining({
            summary: 'Make it sustain more, or let less in.',
            steps: expect.arrayContaining([expect.stringMatching(/^6 % of the work waits for its turn/)]),
          }),
        },
      ],
    },
    'it sustains it, without room': {
      evidence: afterTests(capacityOf(340)),
      thresholds: { targetPerSecond: 300 },
      finds: [expect.objectContaining({ title: '300 requests/s are wanted of 340 it sustains: 88 %' })],
    },
  },
})

describe('its row of the coverage', () => {
  it('counts what is under way only at rates that it sustains: above, a queue grew', () => {
    const curve = [
      { concurrency: 12, ratePerSecond: 330, offeredPerSecond: 335 },
      { concurrency: 900, ratePerSecond: 350, offeredPerSecond: 500 },
    ]
    expect(outcomeOf(concurrencyLimit, afterTests(capacityOf(340, { curve })))).toMatchObject({
      note: 'sustained 340 requests/s with 12 under way on 2026-11-20',
    })
  })

  it('says what it sustains, or what to type', () => {
    expect(outcomeOf(concurrencyLimit, afterTests(capacityOf(340)))).toMatchObject({
      kind: 'pass',
      note: 'sustained 340 requests/s with 16 under way on 2026-11-20',
    })
    expect(outcomeOf(concurrencyLimit, afterTests())).toMatchObject({
      kind: 'unknown',
      give: "whetstone capacity --slo 'p95 < 200ms' -- <command>",
    })
  })

  it('passes on what lies below seven tenths', () => {
    expect(outcomeOf(concurrencyLimit, afterTests(capacityOf(340)), { targetPerSecond: 200 })).toMatchObject({
      kind: 'pass',
      note: expect.stringMatching(/: 200 are 59 % of that$/),
    })
  })
})

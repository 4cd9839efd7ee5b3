import type { EarlierCapacity } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { afterTests, capacityOf } from '../derive/testing/capacities.ts'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
import { hostOf, pgOf } from '../derive/testing/evidence.ts'
import { horizontalVsVertical } from './horizontal-vs-vertical.ts'

const one = capacityOf(380, { processes: 1 })
const alike = { scenario: 'browse.yaml', machine: '8 cores' }
const found = (ratePerSecond: number, objective: readonly string[]): EarlierCapacity => ({
  outcome: 'found',
  ratePerSecond: { estimate: ratePerSecond, low: ratePerSecond * 0.98, high: ratePerSecond * 1.02 },
  objective,
})
const flat = (more: object = {}) => capacityOf(400, { processes: 2, ...more })

describePractice(horizontalVsVertical, {
  silent: {
    'no capacity test': afterTests(),
    'only with one process': afterTests(one, one),
    'nobody saw how many processes there were': afterTests(capacityOf(380), capacityOf(400)),
    'two answer nearly twice as much': { ...afterTests(one, capacityOf(700, { processes: 2 })), host: hostOf(0, 8) },
    'two answer half as much again, give or take': {
      ...afterTests(one, capacityOf(540, { processes: 2 })),
      host: hostOf(0, 8),
    },
    'the machine was full': afterTests(one, flat({ cpuBusyFraction: 0.95 })),
    'there were no more cores than processes': { ...afterTests(one, flat()), host: hostOf(0, 2) },
    'one kept an easy objective, two a hard one': {
      ...afterTests(
        capacityOf(380, { processes: 1, conditions: alike, capacity: found(380, ['p95 < 2s']) }),
        flat({ conditions: alike, capacity: found(400, ['p95 < 20ms']) }),
      ),
      host: hostOf(0, 8),
    },
    'measured on two machines': {
      ...afterTests(
        capacityOf(380, { processes: 1, conditions: alike }),
        flat({ conditions: { ...alike, machine: '2 cores' } }),
      ),
      host: hostOf(0, 8),
    },
    'other requests': {
      ...afterTests(
        capacityOf(380, { processes: 1, conditions: alike }),
        flat({ conditions: { ...alike, scenario: 'buy.yaml' } }),
      ),
      host: hostOf(0, 8),
    },
    'an older test with two was worse': {
      ...afterTests(one, flat(), capacityOf(720, { processes: 2 })),
      host: hostOf(0, 8),
    },
  },
  reports: {
    'two answer hardly more than one, with cores to spare': {
      evidence: {
        ...afterTests(one, flat({ cpuBusyFraction: 0.4 })),
        pg: pgOf({
          activity: { maxConnections: 100, connections: 90, peakConnections: 95, idleInTransaction: 0, windowMs: 1 },
        }),
      },
      finds: [
        {
          fingerprint: 'horizontal-vs-vertical|||shared bottleneck',
          practice: 'horizontal-vs-vertical',
          title: '2 processes answer 1.05 times as much as 1: they wait for the same thing',
          where: { resource: 'shared bottleneck' },
          facts: [
            stated('requests of 1', 380, 'per-second', 'history'),
            stated('requests of 2', 400, 'per-second', 'history'),
            stated('efficiency of each', 0.5263, 'fraction', 'history'),
          ],
          confidence: 'strong',
          remedy: {
            summary: 'Widen what the processes share before adding more of them.',
            steps: expect.arrayContaining([
              'The database has 95 % of its connections taken: that is the first to look at.',
            ]),
          },
        },
      ],
    },
    'a newer test of another kind does not hide two that were made alike': {
      evidence: {
        ...afterTests(
          capacityOf(380, { processes: 1, conditions: alike }),
          flat({ conditions: alike }),
          capacityOf(90, { processes: 1, conditions: { ...alike, scenario: 'buy.yaml' } }),
        ),
        host: hostOf(0, 8),
      },
      finds: [
        expect.objectContaining({ title: '2 processes answer 1.05 times as much as 1: they wait for the same thing' }),
      ],
    },
    'four answer as much as one on a machine with eight cores': {
      evidence: { ...afterTests(one, capacityOf(390, { processes: 4 })), host: hostOf(0, 8) },
      finds: [
        expect.objectContaining({ title: '4 processes answer 1.03 times as much as 1: they wait for the same thing' }),
      ],
    },
  },
})

describe('its row of the coverage', () => {
  it('says that more of them pay', () => {
    expect(outcomeOf(horizontalVsVertical, afterTests(one, capacityOf(741, { processes: 2 })))).toMatchObject({
      kind: 'pass',
      note: '2 processes answer 1.95 times as much as 1: more of them pay',
    })
  })

  it('says that two tests cannot be compared', () => {
    const other = flat({ conditions: { ...alike, machine: '2 cores' } })
    expect(outcomeOf(horizontalVsVertical, afterTests(one, other))).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('on another machine'),
    })
  })

  it('asks where the machine was full', () => {
    expect(outcomeOf(horizontalVsVertical, afterTests(one, flat({ cpuBusyFraction: 0.95 }))).kind).toBe('ask')
  })
})

import type { DrillsEvidence } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { afterTests, capacityOf } from '../derive/testing/capacities.ts'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { invalidGenerator, loadOf, routeLoad } from '../derive/testing/load.ts'
import { speedScalabilityReliability } from './speed-scalability-reliability.ts'

const load = { 'load-curve': loadOf([], { overall: routeLoad('overall', [40, 40, 40]) }) }
const stopped = (lost: number): { readonly drills: DrillsEvidence } => ({
  drills: {
    schema: 'drills@1',
    drills: [
      {
        kind: 'stop',
        signal: 'SIGTERM',
        underWay: 10,
        drained: 10 - lost,
        lost,
        routes: [],
        later: { answered: 0, refused: 0, cut: 0 },
        graceMs: 4_000,
      },
    ],
  },
})
const all = { ...load, ...afterTests(capacityOf(340)), ...stopped(0) }

describePractice(speedScalabilityReliability, {
  silent: {
    'only this run': load,
    'all three are known': all,
    'all three are known, and bad: others say so': { ...load, ...afterTests(capacityOf(20)), ...stopped(10) },
    'nothing was answered': { 'load-curve': loadOf([]) },
  },
  reports: {},
})

describe('its row of the coverage', () => {
  it.each([
    ['what it sustains', { ...load, ...stopped(0) }, "whetstone capacity --slo 'p95 < 200ms' -- <command>"],
    ['what a stop costs', { ...load, ...afterTests(capacityOf(340)) }, 'whetstone diagnose -- <command>'],
    [
      'anything, because the generator could not keep up',
      { ...all, 'load-curve': loadOf([], { overall: routeLoad('overall', [40]), ...invalidGenerator }) },
      'whetstone diagnose -- <command>',
    ],
  ])('says what to type to know %s', (_, evidence, give) => {
    expect(outcomeOf(speedScalabilityReliability, evidence)).toMatchObject({ kind: 'unknown', give })
  })

  it('passes with a figure for each', () => {
    expect(outcomeOf(speedScalabilityReliability, all)).toMatchObject({
      kind: 'pass',
      note: 'p95 40 ms at 100 requests/s; sustains 3.4 times that; no errors, none cut off by a stop',
    })
  })

  it('lets each of them fall alone', () => {
    expect(outcomeOf(speedScalabilityReliability, { ...all, ...stopped(5) })).toMatchObject({
      note: expect.stringMatching(/3.4 times that; no errors, 50 % cut off by a stop$/),
    })
    expect(outcomeOf(speedScalabilityReliability, { ...all, ...afterTests(capacityOf(50)) })).toMatchObject({
      note: expect.stringMatching(/; sustains 0.5 times that; no errors, none cut off/),
    })
  })
})

import type { AnswersEvidence } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { loadOf, routeLoad } from '../derive/testing/load.ts'
import { businessImpact } from './business-impact.ts'

const answers = (more: Partial<AnswersEvidence>): { readonly answers: AnswersEvidence } => ({
  answers: { schema: 'answers@1', routes: [], tables: [], ...more },
})
const pay = answers({ routes: [{ route: 'POST /pay', weight: 10 }] })
const curve = loadOf([routeLoad('GET /orders', [80])], {
  overall: routeLoad('overall', [80, 80, 80]),
})

describePractice(businessImpact, {
  silent: {
    'nothing was said': {},
    'only how large the tables are': answers({ tables: [{ table: 'orders', productionRows: 1e6 }] }),
    'a weight': pay,
    'a cost': answers({ costOfASecond: 0.02 }),
  },
  reports: {},
})

describe('its row of the coverage', () => {
  it.each([
    ['nothing', {}],
    ['only how large the tables are', answers({ tables: [{ table: 'orders', productionRows: 1e6 }] })],
  ])('asks where %s was said', (_, evidence) => {
    expect(outcomeOf(businessImpact, evidence)).toMatchObject({ kind: 'ask' })
  })

  it('passes with what counts most', () => {
    expect(outcomeOf(businessImpact, pay)).toMatchObject({ kind: 'pass', note: 'POST /pay counts 10 times' })
  })

  it('counts what waiting costs, by the mean, because every second of it costs', () => {
    expect(outcomeOf(businessImpact, answers({ costOfASecond: 0.02 }))).toMatchObject({ note: 'a second costs 0.02' })
    expect(outcomeOf(businessImpact, { ...answers({ costOfASecond: 0.02 }), 'load-curve': curve })).toMatchObject({
      note: 'a wait of 80 ms on average at 0.02 a second is 1.6 per 1,000 requests',
    })
  })
})

import type { AnswersEvidence } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { pgOf, table } from '../derive/testing/evidence.ts'
import { realisticData } from './realistic-data.ts'

const pg = pgOf({ tables: [table('customers', 200, []), table('orders', 1_000, [])] })
const inProduction = (rows: Readonly<Record<string, number>>): { readonly answers: AnswersEvidence } => ({
  answers: {
    schema: 'answers@1',
    routes: [],
    tables: Object.entries(rows).map(([name, productionRows]) => ({ table: name, productionRows })),
  },
})

describePractice(realisticData, {
  silent: {
    'nothing is known of production': { pg },
    'no tables': { pg: pgOf() },
    'as many rows as in production': { pg, ...inProduction({ orders: 1_000 }) },
    'a thousandth of them, which makes the measurement weak and the service not slow': {
      pg,
      ...inProduction({ orders: 1_000_000 }),
    },
    'another table was answered': { pg, ...inProduction({ invoices: 1_000_000 }) },
  },
  reports: {},
})

describe('its row of the coverage', () => {
  it.each([
    ['nothing is known of production', { pg }],
    ['another table was answered', { pg, ...inProduction({ invoices: 1_000_000 }) }],
    ['a table is empty in production', { pg, ...inProduction({ orders: 0 }) }],
  ])('asks when %s', (_, evidence) => {
    expect(outcomeOf(realisticData, evidence)).toMatchObject({
      kind: 'ask',
      question: expect.stringMatching(/^Its largest table, orders, has 1,000 rows here/),
    })
  })

  it('says how to fill a table that is a thousandth of that of production', () => {
    expect(outcomeOf(realisticData, { pg, ...inProduction({ 'public.orders': 1_000_000, customers: 200 }) })).toEqual({
      kind: 'unknown',
      missing: ['pg'],
      why: 'orders has 1,000 of 1,000,000 rows, 0.1 %: what plans do here tells nothing of production',
      give: 'INSERT INTO orders SELECT … FROM generate_series(1, 10000), or --db with a copy',
    })
  })

  it('passes from a hundredth on', () => {
    expect(outcomeOf(realisticData, { pg, ...inProduction({ orders: 100_000 }) })).toMatchObject({
      kind: 'pass',
      note: 'orders has 1,000 of 100,000 rows',
    })
  })
})

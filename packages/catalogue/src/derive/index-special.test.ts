import type { AccessOrder, AccessTerm, PgEvidence, Statement } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { specialProposals } from './index-special.ts'
import { proposalText } from './index-sql.ts'
import { column, index, pgOf, plan, statement, table } from './testing/evidence.ts'

const tickets = table('tickets', 40_000, [
  column('id', { distinct: -1 }),
  column('mail', { type: 'text', distinct: -1 }),
  column('agent', { distinct: 40, averageWidthBytes: 4 }),
  column('state', { type: 'text', distinct: 3 }),
  column('hours', { averageWidthBytes: 4 }),
  column('note', { type: 'text', averageWidthBytes: 200 }),
  column('data', { type: 'jsonb' }),
  column('tags', { type: 'text[]' }),
])
const term = (column_: string, operator: AccessTerm['operator'], more: Partial<AccessTerm> = {}): AccessTerm => ({
  table: 'tickets',
  column: column_,
  operator,
  expressionParameters: [],
  predicateParameters: [],
  ...more,
})
const by = (name: string, more: Partial<AccessOrder> = {}): AccessOrder => ({
  table: 'tickets',
  column: name,
  descending: false,
  ...more,
})
interface Asked {
  readonly terms?: readonly AccessTerm[]
  readonly order?: readonly AccessOrder[]
  readonly reads?: readonly string[]
  readonly values?: readonly (readonly (string | number)[])[]
}
function asking({ terms = [], order = [], reads, values = [] }: Asked): Statement {
  const read = reads && { reads: reads.map(name => ({ table: 'tickets', column: name })) }
  return {
    ...statement('one', 'SELECT 1', {
      parameters: values.map(each => ({ values: each, kept: 'random', durationMs: 1 })),
    }),
    access: { terms, order, ...read },
  }
}
const proposed = (asked: Asked, more: Partial<PgEvidence> = {}) =>
  specialProposals(pgOf({ tables: [tickets], ...more }), asking(asked), tickets).map(proposalText)

const lowered = term('mail', 'equal', { expression: 'lower(mail)' })
const open = term('state', 'equal', { predicate: "state = 'open'", predicateParameters: [1] })

describe('special candidates', () => {
  it('are none for plain columns, and none for statements of older runs', () => {
    expect(proposed({ terms: [term('agent', 'equal')], order: [by('hours')] })).toEqual([])
    expect(specialProposals(pgOf(), statement('one', 'SELECT 1'), tickets)).toEqual([])
  })

  it('index an expression, with the columns beside it', () => {
    expect(proposed({ terms: [lowered] })).toEqual(['tickets(lower(mail))'])
    expect(proposed({ terms: [lowered, term('agent', 'equal')] })).toEqual([
      'tickets(lower(mail), agent)',
      'tickets(lower(mail))',
    ])
  })

  it('do not index the cast of a column that has an index: the comparison is what must change', () => {
    const cast = [term('agent', 'equal', { expression: 'agent::text' })]
    expect(proposed({ terms: cast })).toEqual(['tickets(agent::text)'])
    expect(proposed({ terms: cast }, { indexes: [index('tickets', ['agent'])] })).toEqual([])
  })

  it('do not index an expression whose constant differs from call to call', () => {
    const field = term('data', 'equal', { expression: "data ->> 'a'", expressionParameters: [1] })
    expect(
      proposed({
        terms: [field],
        values: [
          ['a', 1],
          ['a', 2],
        ],
      }),
    ).toEqual(["tickets(data ->> 'a')"])
    expect(
      proposed({
        terms: [field],
        values: [
          ['a', 1],
          ['b', 1],
        ],
      }),
    ).toEqual([])
  })

  it('know an expression that is indexed, however the server writes it', () => {
    const field = term('data', 'equal', { expression: "data ->> 'a'" })
    const there = index('tickets', ["(data ->> 'a'::text)"])
    expect(proposed({ terms: [field] }, { indexes: [there] })).toEqual([])
  })

  it('limit the index to a constant, keyed by what else is asked', () => {
    expect(proposed({ terms: [open, term('agent', 'equal')], order: [by('hours')] })).toEqual([
      "tickets(agent, hours) WHERE state = 'open'",
      "tickets(agent) WHERE state = 'open'",
    ])
    expect(proposed({ terms: [open] })).toEqual(["tickets(state) WHERE state = 'open'"])
  })

  it('do not take a value that the application writes into the text for a constant', () => {
    expect(proposed({ terms: [open], values: [['open'], ['closed']] })).toEqual([])
    expect(proposed({ terms: [open], values: [['open'], ['open']] })).toHaveLength(1)
  })

  it('keep nulls where the statement wants them', () => {
    expect(proposed({ order: [by('hours', { descending: true, nulls: 'last' })] })).toEqual([
      'tickets(hours DESC NULLS LAST)',
    ])
  })

  it('carry along what is read, when it is narrow and many rows are fetched', () => {
    const asked = { terms: [term('agent', 'equal')], reads: ['agent', 'hours'] }
    const planned = (planRows: number): Partial<PgEvidence> => ({
      plans: [
        {
          statementId: 'one',
          kind: 'generic',
          totalCost: 900,
          root: plan('Seq Scan', 900, { relation: 'tickets', planRows }),
        },
      ],
    })
    expect(proposed(asked, planned(1_000))).toEqual(['tickets(agent) INCLUDE (hours)'])
    expect(proposed(asked, planned(5))).toEqual([])
    expect(proposed({ ...asked, reads: ['agent', 'note'] }, planned(1_000))).toEqual([])
  })

  it('look inside of documents, arrays and texts by GIN', () => {
    expect(proposed({ terms: [term('data', 'contains')] })).toEqual(['tickets gin(data jsonb_path_ops)'])
    expect(proposed({ terms: [term('data', 'has-key')] })).toEqual(['tickets gin(data)'])
    expect(proposed({ terms: [term('tags', 'overlaps')] })).toEqual(['tickets gin(tags)'])
    expect(proposed({ terms: [term('note', 'matches', { expression: "to_tsvector('english', note)" })] })).toEqual([
      "tickets gin(to_tsvector('english', note))",
    ])
    expect(proposed({ terms: [{ ...lowered, operator: 'like' }], values: [['%ann%']] })).toEqual([
      'tickets gin(lower(mail))',
    ])
    expect(
      proposed({ terms: [term('data', 'contains')] }, { indexes: [index('tickets', ['data'], { method: 'gin' })] }),
    ).toEqual([])
  })

  it('serve the beginning of a text by its characters', () => {
    expect(proposed({ terms: [term('mail', 'like')], values: [['ann%'], ['bob%']] })).toEqual(['tickets(mail)'])
    expect(proposed({ terms: [term('mail', 'like')], values: [['%ann%']] })).toEqual([])
  })

  it('give each branch of an OR its own, unless it is there', () => {
    const branches = { terms: [term('agent', 'equal', { alternative: 1 }), term('mail', 'equal', { alternative: 1 })] }
    expect(proposed(branches)).toEqual(['tickets(agent) and tickets(mail)'])
    expect(proposed(branches, { indexes: [index('tickets', ['agent'])] })).toEqual(['tickets(mail)'])
    const served = [index('tickets', ['agent']), index('tickets', ['mail'])]
    expect(proposed(branches, { indexes: served })).toEqual([])
  })

  it('leave an OR alone whose branch no index serves', () => {
    const branches = [term('agent', 'equal', { alternative: 1 }), term('state', 'flag', { alternative: 1 })]
    expect(proposed({ terms: branches })).toEqual([])
  })
})

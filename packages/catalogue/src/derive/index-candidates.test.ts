import { expect, test } from 'vitest'
import { column, equal, index, pgOf, plan, statement, statementsOf, table, use } from './testing/evidence.ts'
import { indexQuestions } from './index-candidates.ts'
import { candidateKey } from './index-sql.ts'
import { indexThresholds } from './index-thresholds.ts'

const limits = Object.fromEntries(Object.entries(indexThresholds).map(([name, { value }]) => [name, value])) as Record<
  keyof typeof indexThresholds,
  number
>
const openOf = statement('open', 'SELECT count(*) FROM tickets WHERE status = $1 AND agent_id = $2', {
  tables: ['tickets'],
  conditions: [equal('tickets', 'status'), equal('tickets', 'agent_id')],
})
const tickets = table('tickets', 40_000, [
  column('id', { distinct: -1 }),
  column('status', { distinct: 3, type: 'text' }),
  column('agent_id', { distinct: 40 }),
])

/** The index on the status finds `found` rows, and the filter keeps `kept` of them. */
function questionsFor(found: number, kept: number, more: { filter?: string } = { filter: '(agent_id = 1)' }) {
  const inner = plan('Bitmap Index Scan', 74, { planRows: found })
  const root = plan('Bitmap Heap Scan', 714, { relation: 'tickets', planRows: kept, children: [inner], ...more })
  const pg = pgOf({
    tables: [tickets],
    indexes: [index('tickets', ['status'])],
    plans: [{ statementId: 'open', kind: 'generic', totalCost: 714, root }],
  })
  const statements = statementsOf([openOf], [use('GET /agents', 'open', 2_000, 6_000)])
  return indexQuestions(pg, statements, limits).map(candidateKey)
}

test('an index whose rows a filter throws away lacks a column', () => {
  expect(questionsFor(6_609, 166)).toContain('tickets (agent_id, status)')
})

test('an index that finds what is wanted lacks none', () => {
  expect(questionsFor(6_609, 5_000)).toEqual([])
  expect(questionsFor(166, 166, {})).toEqual([])
})

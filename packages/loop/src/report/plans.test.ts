import type { IndexTrial, IndexTrialResult, PgEvidence, PgPlan, PlanNode } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { plansOf } from './plans.ts'
import { rankedFinding } from './testing/example-run.ts'

const node = (nodeType: string): PlanNode => ({
  nodeType,
  startupCost: 0,
  totalCost: 1,
  planRows: 1,
  planWidth: 1,
  children: [],
})
const plan: PgPlan = { statementId: 's1', kind: 'generic', totalCost: 500, root: node('Seq Scan') }
const result = (name: string, more: Partial<IndexTrialResult> = {}): IndexTrialResult => ({
  statementId: 's1',
  costBefore: 900,
  costAfter: 8,
  usesCandidate: true,
  planBefore: node('Seq Scan'),
  planAfter: node(name),
  ...more,
})
const trial = (column: string, ...results: IndexTrialResult[]): IndexTrial => ({
  candidate: { schema: 'public', table: 'items', columns: [{ name: column }], method: 'btree' },
  by: 'scratch-copy',
  results,
})
const evidence = (...indexTrials: IndexTrial[]) => ({ plans: [plan], indexTrials }) as unknown as PgEvidence
const proposing = (resource: string) =>
  rankedFinding(
    'missing-index',
    { statementId: 's1', resource },
    {
      edit: { kind: 'plan', statements: [{ statementId: 's1', costBefore: 900, costAfter: 8 }] },
    },
  )
const read = (pg: PgEvidence, ...findings: Parameters<typeof plansOf>[1]) =>
  plansOf(pg, findings, new Set(['s1'])).map(({ kind, parameterSet, root, after, index }) => ({
    kind,
    ...(parameterSet === undefined ? {} : { parameterSet }),
    nodes: [root.nodeType, ...(after ? [after.root.nodeType] : [])],
    ...(index === undefined ? {} : { index }),
  }))

describe('plans before and after', () => {
  it('are those of the index that is proposed, not of the first that was tried', () => {
    const pg = evidence(trial('note', result('Index on note')), trial('order_id', result('Index on order_id')))
    expect(read(pg, proposing('items(order_id)'))).toEqual([
      { kind: 'generic', nodes: ['Seq Scan', 'Index on order_id'], index: 'items(order_id)' },
      { kind: 'generic', nodes: ['Seq Scan'] },
    ])
  })

  it('belong to one parameter set, the dearest, and carry the kind of the trial', () => {
    const pg = evidence(
      trial(
        'order_id',
        result('generic'),
        result('first set', { parameterSet: 0, costBefore: 2_000 }),
        result('unused', { parameterSet: 1, costBefore: 9_000, usesCandidate: false }),
      ),
    )
    expect(read(pg, proposing('items(order_id)'))[0]).toEqual({
      kind: 'parameters',
      parameterSet: 0,
      nodes: ['Seq Scan', 'first set'],
      index: 'items(order_id)',
    })
  })

  it('have no "after" where no index is proposed', () => {
    const pg = evidence(trial('note', result('Index on note')))
    expect(read(pg, rankedFinding('slow-queries', { statementId: 's1' }))).toEqual([
      { kind: 'generic', nodes: ['Seq Scan'] },
    ])
  })
})

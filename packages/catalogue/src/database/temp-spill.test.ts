import type { PgEvidence, PlanNode } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { column, hostOf, pgOf, plan, siteAt, statement, statementsOf, table, use } from '../derive/testing/evidence.ts'
import { tempSpill } from './temp-spill.ts'

const report = statement('report', 'SELECT customer_id, sum(total) FROM orders GROUP BY customer_id ORDER BY 2', {
  tables: ['orders'],
  groupBy: true,
  hasAggregate: true,
})
const given = (meanMs = 80, others = 0) =>
  statementsOf(
    [report, statement('others', 'SELECT id FROM orders WHERE id = $1', { tables: ['orders'] })],
    [use('GET /report', 'report', 100, 100 * meanMs, { site: siteAt(7) }), use('GET /orders', 'others', 1_000, others)],
  )
const sort = (more: Partial<PlanNode> = {}) => plan('Sort', 900, { planRows: 300_000, ...more })
const pg = (blocksPerCall: number, root: PlanNode = sort(), more: Partial<PgEvidence> = {}) =>
  pgOf({
    tables: [table('orders', 300_000, [column('id'), column('customer_id')])],
    settings: { work_mem: '4MB' },
    statements: [
      {
        statementId: 'report',
        text: report.text,
        calls: 100,
        totalMs: 8_000,
        meanMs: 80,
        rows: 100,
        blocksHit: 1,
        blocksRead: 0,
        temporaryBlocks: 100 * blocksPerCall,
      },
    ],
    plans: [{ statementId: 'report', kind: 'analyze', totalCost: 900, root, executionMs: 80 }],
    ...more,
  })
const finding = { practice: 'temp-spill', where: expect.objectContaining({ resource: 'work_mem' }) as object }

describePractice(tempSpill, {
  silent: {
    'everything in memory': { pg: pg(0, sort({ sortMethod: 'quicksort' })), statements: given() },
    'a few blocks': { pg: pg(40), statements: given() },
    'a statement nobody can feel': { pg: pg(2_000), statements: given(2) },
    'a statement of little weight': { pg: pg(2_000), statements: given(80, 2_000_000) },
    'background work': {
      pg: pg(2_000),
      statements: statementsOf([report], [use('', 'report', 100, 8_000)]),
    },
    'a hash in one batch': { pg: pg(0, plan('Hash', 900, { hashBatches: 1 })), statements: given() },
    'nothing counted and nothing run': {
      pg: pg(0, sort(), { statements: [], plans: [] }),
      statements: given(),
    },
    'a LIMIT that keeps the best few': { pg: pg(0, sort({ sortMethod: 'top-N heapsort' })), statements: given() },
  },
  reports: {
    'a sort that moves 8 MB out and in again': {
      evidence: { pg: pg(2_000, sort({ sortMethod: 'external merge' })), statements: given(), host: hostOf(0.5) },
      finds: [
        {
          ...finding,
          fingerprint: 'temp-spill||report|work_mem',
          title: 'A sort moves 16.4 MB through files at each call',
          where: { statementId: 'report', route: 'GET /report', site: siteAt(7), resource: 'work_mem' },
          facts: [
            expect.objectContaining({ quantity: { value: 16_380_000, unit: 'bytes' } }),
            expect.objectContaining({ quantity: { value: 80, unit: 'ms' } }),
            expect.objectContaining({ quantity: { value: 1, unit: 'fraction' } }),
            expect.objectContaining({ quantity: { value: 335_500_000, unit: 'bytes' } }),
          ],
          confidence: 'strong',
          remedy: {
            summary: 'Let it sort less, or give this statement more memory.',
            steps: expect.arrayContaining([
              'Then give it memory: 32 MB for each sort and hash, 336 MB if all 10 connections do it at once, of 8 GB.',
            ]) as string[],
            code: { language: 'sql', after: expect.stringContaining("SET LOCAL work_mem = '32MB';") as string },
          },
        },
      ],
    },
    'a hash of many batches, seen by its plan alone': {
      evidence: { pg: pg(0, plan('Hash', 900, { hashBatches: 8, diskKb: 4_000 })), statements: given() },
      finds: [expect.objectContaining({ ...finding, title: 'A hash moves 8.2 MB through files at each call' })],
    },
    'more than memory is for': {
      evidence: { pg: pg(80_000, sort({ sortMethod: 'external merge' })), statements: given() },
      finds: [
        expect.objectContaining({
          ...finding,
          remedy: {
            summary: 'Let it sort less, or give this statement more memory.',
            steps: expect.arrayContaining([expect.stringContaining('too much for every call')]) as string[],
          },
        }),
      ],
    },
  },
})

import type { Span, Trace } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { nPlusOne, poolSize } from '../../test/fixtures/findings.ts'
import { demoReport } from '../../test/fixtures/reports.ts'
import { slowTrace, statements } from '../../test/fixtures/seen-inside.ts'
import { exemplarOf, seenFromOutside, shortSql, waterfallOf } from './waterfall.ts'

describe('the waterfall', () => {
  it('folds repeats away after the sixth and sums them', () => {
    const rows = waterfallOf(slowTrace, statements)
    expect(rows.map(row => row.label)).toEqual([
      'GET /orders?page=3',
      'listOrders',
      'wait for a connection',
      'SELECT … FROM orders ORDER BY id LIMIT $1 OFFSET $2',
      ...Array.from({ length: 6 }, () => 'SELECT … FROM items WHERE order_id = $1'),
      '… 44 more identical queries',
      'serialize 50 orders',
    ])
    const folded = rows.find(row => row.folded > 1)!
    expect(folded).toMatchObject({ folded: 44, repeated: true, depth: 2, colour: 'database' })
    expect(folded.durationMs).toBeCloseTo(slowTrace.spans.slice(9, 53).reduce((sum, span) => sum + span.durationMs, 0))
  })

  it('shows a seventh repeat rather than a row that says one more', () => {
    const spans = Array.from({ length: 7 }, (_, id): Span => ({
      id,
      kind: 'query',
      name: 'q',
      statementId: 's-items',
      startMs: id,
      durationMs: 1,
    }))
    expect(waterfallOf({ ...slowTrace, spans }, statements)).toHaveLength(8)
  })

  it('stays bounded when a trace has thousands of different spans', () => {
    const spans = Array.from({ length: 3000 }, (_, id): Span => ({
      id,
      kind: 'internal',
      name: `step ${id}`,
      startMs: id,
      durationMs: 1,
    }))
    const rows = waterfallOf({ ...slowTrace, spans, spansDropped: 10 }, [])
    expect(rows).toHaveLength(60)
    expect(rows.at(-1)!.label).toBe('… 2952 more spans')
  })

  it('survives spans that are their own parents', () => {
    const spans: Span[] = [{ id: 1, parentId: 1, kind: 'internal', name: 'loop', startMs: 0, durationMs: 1 }]
    expect(waterfallOf({ ...slowTrace, spans }, [])).toHaveLength(2)
  })

  it('takes the trace that the facts name, else the slowest that shows the statement, else none', () => {
    const faster: Trace = { ...slowTrace, id: 'other', durationMs: 20 }
    expect(exemplarOf(nPlusOne, [faster, slowTrace])?.id).toBe(slowTrace.id)
    expect(exemplarOf({ ...nPlusOne, facts: [] }, [faster, slowTrace])?.id).toBe(slowTrace.id)
    expect(exemplarOf(poolSize, [slowTrace])).toBeUndefined()
  })

  it('knows the request from outside where its trace id began with the one that was kept', () => {
    const sample = {
      traceId: `4bf92f3577b34${'0'.repeat(19)}`,
      route: slowTrace.route,
      status: 200,
      atMs: 5,
      responseMs: 80,
    }
    const curve = {
      schema: 'load-curve@1',
      steps: [{ ...demoReport().loadCurve!.steps[0]!, slowest: [sample] }],
    } as const
    expect(seenFromOutside({ ...slowTrace, id: '4bf92f3577b34' }, curve)).toBe(sample)
    expect(seenFromOutside({ ...slowTrace, id: 'ffff2f3577b34' }, curve)).toBeUndefined()
    expect(seenFromOutside({ ...slowTrace, id: '4' }, curve)).toBeUndefined()
  })

  it('shortens long column lists only', () => {
    expect(shortSql('SELECT a,\n b, c, d, e, f FROM t')).toBe('SELECT … FROM t')
    expect(shortSql('SELECT count(*) FROM t')).toBe('SELECT count(*) FROM t')
  })
})

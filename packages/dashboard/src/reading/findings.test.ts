import { describe, expect, it } from 'vitest'
import { compression, nPlusOne, poolSize } from '../../test/fixtures/findings.ts'
import { demoReport, diagnosedReport } from '../../test/fixtures/reports.ts'
import { plans } from '../../test/fixtures/seen-inside.ts'
import { coverageCounts, waysToSeeMore } from './coverage.ts'
import { THIN } from './format.ts'
import { gainOf, promisesOf, stateOf } from './gain.ts'
import { plannedAs, planRows } from './plan-rows.ts'
import { summaryOf } from './summary.ts'

const plain = (text: string): string => text.replaceAll(THIN, ' ')
const measured = demoReport().findings[0]!

describe('the gain of a finding', () => {
  it('is what was measured, else what was predicted, with its interval', () => {
    expect(plain(gainOf(measured).text)).toBe('−62 % p95')
    expect(plain(gainOf(nPlusOne).text)).toBe('−57 to −66 % p95')
    expect(plain(gainOf(compression).text)).toBe('−88 % bytes')
  })

  it('promises its better end where the interval reaches what is now, and names another route', () => {
    const at = (low: number, estimate: number, high: number, route = 'GET /board') => {
      const p95Ms = { beforeMs: 100, low, estimate, high }
      return plain(gainOf({ ...nPlusOne, predicted: { ...nPlusOne.predicted!, route, p95Ms } }).text)
    }
    expect(at(94, 98, 105)).toBe('at best −6 % p95 of GET /board')
    expect(at(94, 98, 105, nPlusOne.where.route)).toBe('at best −6 % p95')
    expect(at(99, 101, 105)).toBe('')
  })

  it('promises nothing where nothing was predicted', () => {
    const { predicted: _, ...silent } = poolSize
    expect(gainOf({ ...silent, gainFraction: 0, risk: 'leak' })).toEqual({
      kind: 'none',
      text: 'risk of leak',
      fraction: 0,
    })
  })

  it('shows the promise beside what came', () => {
    expect(promisesOf(measured).map(({ label, value }) => `${label}: ${plain(value)}`)).toEqual([
      'Predicted p95: 374 ms → 128 to 160 ms',
      'Measured p95: 374 ms → 142 ms (−64 to −59 %)',
      'Predicted p99: at most 310 ms',
      'Predicted queries: 51 → 2',
    ])
  })

  it('is validated only when the whole interval is on the good side', () => {
    const at = (low: number, high: number) =>
      stateOf({ ...measured, measured: { ...measured.measured!, ratio: { estimate: 1, low, high } } }, undefined)
    expect([at(0.8, 0.99), at(0.9, 1.1), at(1.01, 1.2)]).toEqual(['validated', 'not-confirmed', 'worse'])
    expect(stateOf(poolSize, demoReport().ladder)).toBe('applied')
    expect([stateOf(poolSize, undefined), stateOf(compression, undefined)]).toEqual(['proposed', 'note'])
  })
})

describe('coverage', () => {
  it('counts each state in the order of the bar', () => {
    expect(coverageCounts(diagnosedReport()).map(({ label, rows }) => `${rows.length} ${label}`)).toEqual([
      '4 missing',
      '12 in place',
      '1 not applicable',
      '1 only you can say',
      '3 not observable',
      '1 check failed',
    ])
  })

  it('puts what makes most practices visible first', () => {
    expect(waysToSeeMore(diagnosedReport()).map(({ give, practices }) => [give, practices.length])).toEqual([
      ['whetstone diagnose … --redis $REDIS_URL', 2],
      [undefined, 1],
    ])
  })
})

describe('a plan as rows', () => {
  it('says in words what a node threw away and marks the costliest', () => {
    const rows = planRows(plans[0]!.root)
    expect(rows.map(row => [row.depth, row.node.nodeType, row.costly])).toEqual([
      [0, 'Sort', false],
      [1, 'Seq Scan', true],
    ])
    expect(rows[1]!.notes).toContain('418,000 rows read and thrown away')
    expect(planRows(plans[0]!.after!.root).some(row => row.costly)).toBe(false)
  })

  it('tells a plan for any parameters from one of a text with its values in it', () => {
    const generic = (filter: string) =>
      plannedAs({ ...plans[0]!, kind: 'generic', root: { ...plans[0]!.root, children: [], filter } })
    expect(generic('(agent_id = $1)')).toBe('for any parameters, not executed')
    expect(generic('(agent_id = 1)')).toBe('as it was sent, not executed')
    expect(plannedAs({ ...plans[0]!, kind: 'analyze' })).toBe('executed')
  })
})

describe('the summary to paste', () => {
  it('has the verdict, and one line per finding', () => {
    expect(plain(summaryOf(demoReport()))).toMatchInlineSnapshot(`
      "**p95 latency fell from 374 ms to 47 ms at 200 requests per second**

      8.0 times faster (95 % interval 7.3 to 8.8 times), over 14 paired blocks. 5 remedies were applied one after another.

      - 51 queries per request where 2 would do · src/repo/orders.ts:87 · −62 % p95 measured
      - Missing index on items(order_id): 418,000 rows read to return 6 · items(order_id) · −51 % p95 measured
      - Connection pool too small: 31 % of requests waited for one of 4 connections · src/db.ts:12 · −13 to −29 % p95 predicted
      - Responses are not compressed · GET /orders · −88 % bytes predicted"
    `)
  })
})

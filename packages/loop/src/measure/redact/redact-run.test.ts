import type { Evidence, RunReport } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { redactRun } from './redact-run.ts'
import { completeEvidence } from './testing/complete-evidence.ts'
import { anyKey } from './testing/complete-basics.ts'
import { completeReport } from './testing/complete-report.ts'

const run = { report: completeReport as RunReport, evidence: completeEvidence as Evidence }

/** The value with every text in it, and every key that is data, replaced. */
function withTexts(value: unknown, text: () => string): unknown {
  if (typeof value === 'string') return text()
  if (Array.isArray(value)) return value.map(item => withTexts(item, text))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key === anyKey ? text() : key, withTexts(item, text)]),
  )
}

/** Where a text stands, as `uses.site.function`. */
function placesOf(text: string, value: unknown, path = ''): string[] {
  if (typeof value === 'string') return value.includes(text) ? [path] : []
  if (Array.isArray(value)) return value.flatMap(item => placesOf(text, item, path))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => [
    ...(key.includes(text) ? [`${path} (key)`] : []),
    ...placesOf(text, item, path === '' ? key : `${path}.${key}`),
  ])
}

describe('an exported run', () => {
  it.each([
    ['an address', (n: number) => `ann17-${n}@example.org`],
    ['a key', (n: number) => `1b4e28ba-2fa1-11d2-883f-0016d3cc${1_000 + n}`],
    ['a number', (n: number) => `4711081${1_000 + n}`],
    ['a sentence', (n: number) => `Ann O'Brien owes us ${n} "crowns" & more`],
    ['a path', (n: number) => `/home/ann/4711-${n}/`],
    ['a URL', (n: number) => `http://shop.example.org/users/4711${n}?q=ann`],
    ['a literal in a statement', (n: number) => `select 1 from t where mail = 'ann${n}'`],
  ])('holds nothing of %s that stands in any of its texts', (name, planted) => {
    let n = 0
    const text = () => planted(n++)
    const exported = redactRun(withTexts(run, text) as typeof run)
    expect(n).toBeGreaterThan(250)
    const parts = ['4711', '1b4e28ba', 'example.org', "O'Brien", '/home', "'ann", 'ann1']
    const places = parts.flatMap(part => placesOf(part, exported))
    // A path on the disk looks like one of a URL; its words stay there, as those of any route do.
    expect(places.filter(place => !(name === 'a path' && place.endsWith('.urlTemplate')))).toEqual([])
  })

  it('shows names of the schema, the routes and the code, and of nothing else', () => {
    const exported = redactRun(withTexts(run, () => 'plantedname') as typeof run)
    const fields = placesOf('plantedname', exported).map(place => place.split('.').at(-1))
    expect([...new Set(fields)].toSorted().join(' ')).toMatchInlineSnapshot(
      `"alias answers arm arrivals by chapter column columnType columns commit component confidence counters cpu-profile definition dependencies (key) drills driver endedBy errorsByKind (key) event expression extensions file filter findings fingerprint framework function generator generatorVerdict heap-profile history host http-probe include index indexCondition issuedBy joinCondition joinFilter kept keyTemplate kind label load-curve lock log madeBy method metric missing mode name nulls operation operator operatorClass otherColumn otherTable outcome owner package parameter parameters (key) partitionOf pg policy predicate product purpose redis referencedColumns referencedTable relation resource risk role runtime schema settings (key) severity shape sortKey sortMethod source state statements table tables targetColumns text traces type unavailable (key) unit verdict where"`,
    )
  })

  it('keeps statements, conditions and figures readable', () => {
    const { report, evidence } = redactRun(run)
    expect(report.statements).toEqual([
      {
        ...completeReport.statements[0],
        id: 'statement-1',
        rawText: undefined,
        parameters: [],
        access: {
          ...completeReport.statements[0]?.access,
          terms: [
            expect.objectContaining({
              expression: 'lower(mail || ?)',
              predicate: 'lower(mail || ?) = ?',
              operator: 'equal',
            }),
          ],
          order: [expect.objectContaining({ expression: 'lower(mail || ?)' })],
        },
      },
    ])
    expect(evidence.pg?.plans[0]?.root).toMatchObject({
      filter: '((mail)::text = ?::text)',
      indexCondition: '(id = ?)',
      relation: 'orders',
      actualRows: 1,
    })
    expect(evidence.pg?.indexes[0]?.definition).toBe('CREATE INDEX orders_open ON orders (mail) WHERE state = ?')
    expect(evidence.pg?.settings).toEqual({ work_mem: '4MB', search_path: '' })
    expect(evidence['http-probe']?.probes[0]?.answer.headers).toEqual({
      'cache-control': 'private, max-age=5',
      'content-type': 'text/html',
      etag: '',
    })
    expect(evidence['load-curve']).toEqual({
      ...completeEvidence['load-curve'],
      steps: [
        expect.objectContaining({
          offeredRatePerSecond: 1,
          overall: completeEvidence['load-curve'].steps[0]?.overall,
          errorsByKind: { timeout: 1 },
        }),
      ],
    })
  })

  it('still points from findings to their evidence', () => {
    const { report, evidence } = redactRun(run)
    const [found] = report.findings
    expect(found).toMatchObject({
      title: 'Fetch related rows in one query',
      where: { statementId: evidence.statements?.statements[0]?.id, resource: 'orders(mail)' },
      facts: [{ label: 'queries per request', evidence: { traceId: evidence.traces?.traces[0]?.id } }],
      predicted: completeReport.findings[0]?.predicted,
      edit: { kind: 'trace', change: { kind: 'collapse', statementIds: ['statement-1'] } },
    })
    expect(found?.where.site?.[0]?.file).toBe('src/orders.ts')
    expect(evidence.traces?.traces[0]?.spans[0]).toMatchObject({ host: 'host-1', parametersHash: 'parameters-1' })
  })
})

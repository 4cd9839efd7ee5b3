import {
  definePractice,
  type Evidence,
  findings,
  fingerprintOf,
  type Finding,
  investigate,
  pass,
} from '@whetstone/model'
import { describe, expect, test } from 'vitest'
import { loadCurveOf } from '../optimise/testing/load-curve.ts'
import { conclude } from './conclude.ts'
import { identify } from './identify.ts'
import { mergeFindings } from './merge.ts'

const found = (practice: string, where: Finding['where'], title = practice): Finding => ({
  practice,
  title,
  where,
  facts: [],
  confidence: 'strong',
  remedy: { summary: '', steps: [] },
  fingerprint: fingerprintOf(practice, where),
})
const practice = (id: string, detect: () => ReturnType<typeof pass>, needs: ('traces' | 'pg')[] = []) =>
  definePractice({
    id,
    chapter: 'database',
    title: id,
    why: '',
    unless: [],
    sources: [],
    needs,
    thresholds: { repeats: { value: 5, unit: 'count', source: 'test' } },
    remedy: { summary: '', example: { language: 'ts', before: '', after: '' } },
    detect,
  })
const site = [{ file: 'src/orders.ts', line: 10, column: 3, function: 'itemsOf' }]

describe('identify', () => {
  test('records a practice that throws as failed and judges the others', () => {
    const broken = practice('broken', () => {
      throw new Error('boom')
    })
    const { coverage } = identify({}, [broken, practice('fine', () => pass())])
    expect(coverage.map(row => [row.practice, row.state, row.note])).toEqual([
      ['broken', 'failed', 'the check failed: boom'],
      ['fine', 'pass', 'in place'],
    ])
  })

  test('answers unknown, with what to type, where evidence is missing', () => {
    const { coverage } = identify({}, [practice('needy', () => pass(), ['traces'])])
    expect(coverage[0]).toMatchObject({
      state: 'unknown',
      missing: ['traces'],
      give: expect.stringContaining('diagnose --'),
    })
  })

  test('asks for no database where the probe saw that requests use none', () => {
    const needy = practice('needy', () => pass(), ['pg'])
    const traces = { schema: 'traces@1', traces: [{ route: 'GET /' }], routes: [] } as unknown as Evidence['traces']
    const statements = { schema: 'statements@1', statements: [], uses: [], overflowed: 0 } as const
    const runtime = { schema: 'runtime@1', processes: [] } as unknown as Evidence['runtime']
    const stateOf = (evidence: object) => identify(evidence as Evidence, [needy]).coverage[0]!.state
    expect(stateOf({ traces, statements, runtime })).toBe('not-applicable')
    // Spans of another tool may be without their statements.
    expect([stateOf({ traces, statements }), stateOf({})]).toEqual(['unknown', 'unknown'])
  })

  test('writes the figures of a pass with their units', () => {
    const evidence = { kind: 'http-probe' } as const
    const because = [{ label: 'largest answer', quantity: { value: 1_174_000, unit: 'bytes' }, evidence } as const]
    expect(identify({}, [practice('fine', () => pass(because))]).coverage[0]!.note).toBe('largest answer 1.2 MB')
  })

  test('tells a detector what is set for the others, and nothing of one that is off', () => {
    const seen: unknown[] = []
    const spy = definePractice({
      ...practice('spy', () => pass()),
      detect: (_evidence, _thresholds, overrides) => {
        seen.push(overrides('owner'), overrides('silenced'), overrides('untouched'))
        return pass()
      },
    })
    identify({}, [spy], { owner: { rows: 9 }, silenced: 'off' })
    expect(seen).toEqual([{ rows: 9 }, {}, {}])
  })

  test('leaves out a practice that is switched off, and hands overridden thresholds to the detector', () => {
    let seen: unknown
    const spy = definePractice({
      ...practice('spy', () => pass()),
      detect: (_evidence, thresholds) => ((seen = thresholds), pass()),
    })
    const { coverage } = identify({}, [spy, practice('off', () => pass())], { spy: { repeats: 9 }, off: 'off' })
    expect(seen).toEqual({ repeats: 9 })
    expect(coverage.map(row => row.practice)).toEqual(['spy'])
  })

  test('asks for the same evidence once, whoever asks', () => {
    const request = { kind: 'explain' as const, statementId: 's' }
    const { requests } = identify({}, [
      practice('a', () => investigate([request])),
      practice('b', () => investigate([request])),
    ])
    expect(requests).toEqual([request])
  })

  test('names the drill that a practice asks for in vain', () => {
    const { coverage } = identify({}, [practice('a', () => investigate([{ kind: 'cache-failure' }]))])
    expect(coverage).toEqual([expect.objectContaining({ state: 'unknown', give: '--drill cache-failure' })])
  })

  test('keeps findings that stand beside a question', () => {
    const finding = found('a', { route: 'GET /' })
    expect(identify({}, [practice('a', () => investigate([], [finding]))]).findings).toEqual([finding])
    expect(identify({}, [practice('a', () => findings([finding]))]).findings).toEqual([finding])
  })
})

describe('merging', () => {
  test('heads a statement by the specific cause and names the general one beside it', () => {
    const merged = mergeFindings([
      found('slow-queries', { route: 'GET /orders', statementId: 's1' }),
      found('n-plus-one', { route: 'GET /orders', statementId: 's1', site }),
    ])
    expect(merged.map(finding => [finding.practice, finding.also.map(also => also.practice)])).toEqual([
      ['n-plus-one', ['slow-queries']],
    ])
  })

  test('keeps two causes of one statement apart: an index and a loop are two remedies', () => {
    const merged = mergeFindings([
      found('n-plus-one', { route: 'GET /orders', statementId: 's1', site }),
      found('missing-index', { statementId: 's1', resource: 'items(order_id)' }),
    ])
    expect(merged.map(finding => finding.practice)).toEqual(['n-plus-one', 'missing-index'])
  })

  test('keeps the same cause on two routes apart', () => {
    const merged = mergeFindings([
      found('n-plus-one', { route: 'GET /a', statementId: 's' }),
      found('n-plus-one', { route: 'GET /b', statementId: 's' }),
    ])
    expect(merged).toHaveLength(2)
  })

  test('lets a slow route give way to what makes it slow', () => {
    const merged = mergeFindings([
      found('response-time-target', { route: 'GET /a' }),
      found('sync-io', { route: 'GET /a', site }),
    ])
    expect(merged.map(finding => finding.practice)).toEqual(['sync-io'])
  })
})

describe('concluding', () => {
  const concluded = (list: readonly Finding[]) => conclude({}, { findings: list, coverage: [], requests: [] })

  test('a weak measurement is a remark, not a finding about the service', () => {
    const { findings: kept, remarks } = concluded([
      found('benchmark-methodology', { resource: 'this measurement' }, 'this measurement is weak'),
    ])
    expect([kept, remarks]).toEqual([[], ['this measurement is weak']])
  })

  test('where the time goes is silent once a cause is named', () => {
    const cause = { ...found('pool-timeouts', { resource: 'pool' }), risk: 'outage' as const }
    const bottleneck = found('identify-bottleneck', { resource: 'connection pool' })
    expect(concluded([bottleneck, cause]).findings.map(finding => finding.practice)).toEqual(['pool-timeouts'])
    expect(concluded([bottleneck]).findings.map(finding => finding.practice)).toEqual(['identify-bottleneck'])
  })

  test('it says why no gain in time is promised after a load that came late', () => {
    const edit = { kind: 'connection', change: { kind: 'pool-size', from: 1, to: 4 } } as const
    const remarks = (verdict: 'degraded' | 'invalid', one: Finding) =>
      conclude({ 'load-curve': loadCurveOf(verdict) }, { findings: [one], coverage: [], requests: [] }).remarks
    const plain = found('pool-size', { resource: 'pool' })
    expect(remarks('invalid', { ...plain, edit })).toEqual([expect.stringContaining('no gain in time is predicted')])
    expect([remarks('invalid', plain), remarks('degraded', { ...plain, edit })]).toEqual([[], []])
  })
})

import type { Evidence, Trace } from '@whetstone/model'
import { expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import {
  askedAgain,
  httpProbe,
  httpProbesOf,
  statement,
  statementsOf,
  trace,
  tracesOf,
  use,
} from '../derive/testing/evidence.ts'
import { hotEdit, hotFacts, hotReads, hotRoute, newKeys, someLoad } from '../derive/testing/hot-reads.ts'
import { own, profileOf } from '../derive/testing/profile.ts'
import { cacheExpensiveComputations } from './cache-expensive-computations.ts'

const route = 'GET /reports/:year'
const handler = [{ file: 'src/report.ts', line: 5, column: 10, function: 'handler' }]
/** `summarise` takes 400 of 420 busy samples; 100 requests were served meanwhile. */
const profile = profileOf([
  [1, undefined, { ...own('handler', 5), file: 'src/report.ts' }, 20],
  [2, 1, { ...own('summarise', 40), file: 'src/report.ts' }, 400],
])

interface Case {
  readonly route?: string
  readonly years?: readonly number[]
  readonly more?: Partial<Trace>
}

function reports({
  route: of = route,
  years = Array.from({ length: 100 }, (_, at) => 2000 + (at % 10)),
  more = {},
}: Case = {}) {
  const traces = years.map((year, at) => trace(of, 50, [], { id: `t${at}`, url: `/reports/${year}`, ...more }))
  return { traces: tracesOf(traces, { [of]: { site: handler } }), 'cpu-profile': profile } satisfies Evidence
}
const asked = (bodyHash: string, { of = route, afterMs = 2_000, authorised = false } = {}) => {
  const plain = { ...httpProbe(of), ...(authorised && { authorised }) }
  return httpProbesOf(plain, askedAgain(plain, { bodyHash }, afterMs))
}
const same = asked('h')
const light = profileOf([
  [1, undefined, { ...own('handler', 5), file: 'src/report.ts' }, 4],
  [2, 1, { ...own('summarise', 40), file: 'src/report.ts' }, 10],
  [3, undefined, own('other', 900), 386],
])
const different = Array.from({ length: 100 }, (_, at) => at)

describePractice(cacheExpensiveComputations, {
  silent: {
    'nobody looked at the CPU': { traces: reports().traces },
    'every request is another one': { ...reports({ years: different }), 'http-probe': same },
    'too few requests to tell': { ...reports({ years: different.slice(0, 20).map(() => 2_000) }), 'http-probe': same },
    'a thirtieth of the CPU': { ...reports(), 'cpu-profile': light, 'http-probe': same },
    'nobody knows on which route it runs': {
      ...reports(),
      traces: tracesOf(reports().traces.traces),
      'http-probe': same,
    },
    'it changes something': {
      ...reports({ route: 'POST /reports' }),
      'http-probe': asked('h', { of: 'POST /reports' }),
    },
    'the route writes to the database': {
      ...reports(),
      statements: statementsOf(
        [statement('log', 'INSERT INTO log VALUES ($1)', { operation: 'insert', tables: ['log'] })],
        [use(route, 'log', 100, 100)],
      ),
      'http-probe': same,
    },
    'the answer changes: it is asked what it depends on': { ...reports(), 'http-probe': asked('other') },
    'the answer was asked for twice at once': { ...reports(), 'http-probe': asked('h', { afterMs: 10 }) },
    'the answer belongs to one person': { ...reports(), 'http-probe': asked('h', { authorised: true }) },
    'nobody saw whether the answer stays the same': reports(),
    'totals of ever other keys': hotReads({ keys: newKeys }),
    'the read adds nothing up': hotReads({
      one: statement('sum', 'SELECT * FROM reviews WHERE product_id = $1', { tables: ['reviews'] }),
    }),
  },
  reports: {
    'a report for ten years, the same each time': {
      evidence: { ...reports(), 'http-probe': same },
      finds: [
        {
          fingerprint: `cache-expensive-computations|${route}|src/report.ts#summarise|`,
          practice: 'cache-expensive-computations',
          title: expect.stringMatching(/^summarise computes .* a request, 100 % of it again$/),
          where: { route, site: [expect.objectContaining({ file: 'src/report.ts', function: 'summarise' })] },
          facts: [
            expect.objectContaining({ label: 'share of the CPU' }),
            expect.objectContaining({ label: 'CPU per request' }),
            expect.objectContaining({ quantity: { value: 1, unit: 'fraction' } }),
            expect.objectContaining({ quantity: { value: 100, unit: 'count' } }),
            expect.objectContaining({ label: 'different ones among them', quantity: { value: 10, unit: 'count' } }),
          ],
          confidence: 'strong',
          edit: expect.objectContaining({ kind: 'demand', resource: 'app-cpu', route, blocking: true }),
          remedy: {
            summary: 'Keep what summarise computes, by the arguments it depends on.',
            steps: [
              expect.stringContaining('src/report.ts:40'),
              expect.stringContaining('10 different addresses'),
              expect.stringContaining('no argument hides'),
              expect.stringContaining('needs no cache'),
            ],
            code: expect.objectContaining({ language: 'ts' }),
          },
        },
      ],
    },
    'addresses that the load chose': {
      evidence: { ...reports(), 'http-probe': same, 'load-curve': someLoad },
      finds: [expect.objectContaining({ confidence: 'suspected' })],
    },
    'a total that few keys ask for': {
      evidence: hotReads(),
      finds: [
        {
          fingerprint: `cache-expensive-computations|${hotRoute}|sum|`,
          practice: 'cache-expensive-computations',
          title: 'The same total is added up again in 100 % of the requests, 10 ms each',
          where: expect.objectContaining({ route: hotRoute, statementId: 'sum' }),
          facts: hotFacts,
          confidence: 'strong',
          edit: hotEdit,
          remedy: expect.objectContaining({ summary: expect.stringContaining('Keep the total of') }),
        },
      ],
    },
  },
})

it('asks about purity where nobody saw the answer stay the same', () => {
  expect(outcomeOf(cacheExpensiveComputations, reports())).toMatchObject({
    kind: 'ask',
    question: expect.stringMatching(
      /^summarise takes 95 % of the CPU, and 100 % of its requests ask for what was asked before/,
    ),
  })
})

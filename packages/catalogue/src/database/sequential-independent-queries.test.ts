import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import {
  pool,
  query,
  runtimeOf,
  siteAt,
  statement,
  statementsOf,
  times,
  trace,
  tracesOf,
} from '../derive/testing/evidence.ts'
import { sequentialIndependentQueries } from './sequential-independent-queries.ts'

const a = statement('a', 'SELECT id FROM orders WHERE person = $1', { tables: ['orders'] })
const b = statement('b', 'SELECT id FROM messages WHERE person = $1', { tables: ['messages'] })
const c = statement('c', 'SELECT id FROM offers', { tables: ['offers'] })
const d = statement('d', 'SELECT id FROM news', { tables: ['news'] })
const statements = statementsOf([a, b, c, d])
const me = { parametersHash: 'me', site: siteAt(5) }
const inTurn = (more = {}) => [
  query('a', 1, 40, { ...me, ...more }),
  query('b', 42, 40, { ...me, ...more }),
  query('c', 83, 40, more),
]
const given = (spans = inTurn(), durationMs = 125) => ({
  traces: tracesOf(times(10, trace('GET /home', durationMs, spans))),
  statements,
})

describePractice(sequentialIndependentQueries, {
  silent: {
    'they run together already': given([query('a', 1, 40, me), query('b', 1, 40, me), query('c', 2, 40)], 45),
    'the second takes parameters of its own, perhaps from the first': given([
      query('a', 1, 40, me),
      query('b', 42, 40, { parametersHash: 'row' }),
    ]),
    'parameters are not known': given([query('a', 1, 40), query('b', 42, 40)]),
    'each takes 2 ms': given([query('a', 1, 2, me), query('b', 4, 2, me), query('c', 7, 2)], 10),
    'in one transaction': given(inTurn({ transaction: 1 })),
    'a tenth of a long request': given([query('c', 1, 12), query('d', 14, 12)], 900),
    'the pool is starved': {
      ...given(inTurn().map(span => ({ ...span, poolWaitMs: 5 }))),
    },
    'a pool of two connections': { ...given(), runtime: runtimeOf([pool({ maxConnections: 2 })]) },
    'one statement many times, which is another cause': given([
      query('c', 1, 40),
      query('c', 42, 40),
      query('c', 83, 40),
    ]),
    'one request in ten': {
      traces: tracesOf([
        trace('GET /home', 125, inTurn()),
        ...times(9, trace('GET /home', 50, [query('a', 1, 40, me)])),
      ]),
      statements,
    },
    'writes in turn': {
      traces: given().traces,
      statements: statementsOf(
        [a, b, c].map(one => ({ ...one, shape: { ...one.shape!, operation: 'insert' as const } })),
      ),
    },
  },
  reports: {
    'three queries about one person and no one': {
      evidence: given(),
      finds: [
        {
          fingerprint: 'sequential-independent-queries|GET /home||a b c',
          practice: 'sequential-independent-queries',
          title: '3 independent queries run one after another; together they take 80 ms less',
          where: { route: 'GET /home', statementId: 'a', site: siteAt(5) },
          facts: [
            expect.objectContaining({ label: 'queries in a row', quantity: { value: 3, unit: 'count' } }),
            expect.objectContaining({ quantity: { value: 80, unit: 'ms' } }),
            expect.objectContaining({ label: 'share of the median request' }),
            expect.objectContaining({ label: 'requests that do it', quantity: { value: 1, unit: 'fraction' } }),
          ],
          confidence: 'suspected',
          edit: { kind: 'trace', change: { kind: 'parallelise', statementIds: ['a', 'b', 'c'] }, route: 'GET /home' },
          remedy: expect.objectContaining({
            code: expect.objectContaining({
              after: 'const [part1, part2, part3] = await Promise.all([query1(), query2(), query3()])',
            }),
          }),
        },
      ],
    },
    'two that take no parameters at all': {
      evidence: given([query('c', 1, 30), query('d', 32, 30)], 70),
      finds: [expect.objectContaining({ confidence: 'strong' })],
    },
  },
})

import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import {
  equal,
  query,
  series,
  siteAt,
  statement,
  statementsOf,
  times,
  trace,
  tracesOf,
} from '../derive/testing/evidence.ts'
import { duplicateQueries } from './duplicate-queries.ts'

const user = statement('user', 'SELECT id, name FROM users WHERE id = $1', {
  tables: ['users'],
  conditions: [equal('users', 'id')],
})
const write = statement('write', 'UPDATE users SET seen = $1 WHERE id = $2', { operation: 'update', tables: ['users'] })
const audit = statement('audit', 'INSERT INTO audit (at) VALUES ($1)', { operation: 'insert', tables: ['audit'] })
const statements = statementsOf([user, write, audit])
const same = { parametersHash: 'u7' }
const thrice = [query('user', 1, 2, same), query('user', 4, 2, same), query('user', 7, 2, same)]

describePractice(duplicateQueries, {
  silent: {
    'read once': { traces: tracesOf(times(10, trace('GET /me', 10, [query('user', 1, 2, same)]))), statements },
    'read with other parameters each time': {
      traces: tracesOf(times(10, trace('GET /me', 20, series('user', 6)))),
      statements,
    },
    'parameters are not known': {
      traces: tracesOf(times(10, trace('GET /me', 10, [query('user', 1, 2), query('user', 4, 2)]))),
      statements,
    },
    'twice in one request of ten': {
      traces: tracesOf([trace('GET /me', 10, thrice), ...times(9, trace('GET /me', 10, [thrice[0]!]))]),
      statements,
    },
    'the repeats take one per cent of the request': {
      traces: tracesOf(times(10, trace('GET /me', 500, thrice))),
      statements,
    },
    'read again after it was written': {
      traces: tracesOf(times(10, trace('PUT /me', 20, [thrice[0]!, query('write', 4, 2), query('user', 7, 2, same)]))),
      statements,
    },
    'the clock, or a sequence': {
      traces: tracesOf(times(10, trace('GET /me', 10, [query('now', 1, 2, same), query('now', 4, 2, same)]))),
      statements: statementsOf([statement('now', 'SELECT now()')]),
    },
    'a queue that is polled with locks': {
      traces: tracesOf(times(10, trace('GET /me', 10, thrice))),
      statements: statementsOf([
        statement('user', 'SELECT id FROM jobs LIMIT 1 FOR UPDATE SKIP LOCKED', { tables: ['jobs'], locks: true }),
      ]),
    },
    'BEGIN twice': {
      traces: tracesOf(times(10, trace('GET /me', 10, [query('begin', 1, 2, same), query('begin', 4, 2, same)]))),
      statements: statementsOf([statement('begin', 'BEGIN', { operation: 'begin' })]),
    },
  },
  reports: {
    'the user is loaded three times': {
      evidence: {
        traces: tracesOf(
          times(
            10,
            trace(
              'GET /me',
              10,
              thrice.map((span, at) => ({ ...span, site: siteAt(10 + at) })),
            ),
          ),
        ),
        statements,
      },
      finds: [
        {
          fingerprint: 'duplicate-queries|GET /me|user|',
          practice: 'duplicate-queries',
          title: '3 reads per request where 1 would do',
          where: { route: 'GET /me', statementId: 'user', site: siteAt(10) },
          facts: [
            expect.objectContaining({ label: 'runs per request', quantity: { value: 3, unit: 'count' } }),
            expect.objectContaining({
              label: 'different parameters per request',
              quantity: { value: 1, unit: 'count' },
            }),
            expect.objectContaining({ quantity: { value: 0.4, unit: 'fraction' } }),
            expect.objectContaining({ label: 'requests that repeat it', quantity: { value: 1, unit: 'fraction' } }),
          ],
          confidence: 'strong',
          edit: { kind: 'trace', change: { kind: 'deduplicate', statementId: 'user' }, route: 'GET /me' },
          remedy: {
            summary: 'Run "SELECT id, name FROM users WHERE id = $1" once per request and pass its rows on.',
            steps: [
              'It runs from src/orders.ts:10, src/orders.ts:11, src/orders.ts:12.',
              expect.stringContaining('40 % of the request'),
              expect.stringContaining('Keep the promise'),
            ],
            code: expect.objectContaining({ language: 'ts' }),
          },
        },
      ],
    },
    'a write to another table in between does not excuse it': {
      evidence: {
        traces: tracesOf(
          times(10, trace('GET /me', 12, [thrice[0]!, query('audit', 4, 1), query('user', 7, 2, same)])),
        ),
        statements,
      },
      finds: [expect.objectContaining({ title: '2 reads per request where 1 would do' })],
    },
  },
})

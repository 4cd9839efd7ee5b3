import type { ParameterSample, Span, Statement, Trace } from '@whetstone/model'
import { expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import {
  equal,
  pgOf,
  query,
  siteAt,
  statement,
  statementsOf,
  trace,
  tracesOf,
  use,
} from '../derive/testing/evidence.ts'
import { isolationLevel } from './isolation-level.ts'

const route = 'POST /counters/:id'
const sample = (n: unknown, id: number): ParameterSample => ({
  values: [n as number, id],
  kept: 'random',
  durationMs: 1,
})
const rising = [4, 5, 9].map(n => sample(n, 1))
const key = [equal('counters', 'id')]
const read = (more: Parameters<typeof statement>[2] = {}, text = 'SELECT n FROM counters WHERE id = $1'): Statement =>
  statement('read', text, { tables: ['counters'], targetColumns: ['n'], conditions: key, ...more })
const write = (
  more: Parameters<typeof statement>[2] = {},
  text = 'UPDATE counters SET n = $1 WHERE id = $2',
): Statement =>
  statement('write', text, {
    operation: 'update',
    tables: ['counters'],
    targetColumns: ['n'],
    conditions: key,
    parameters: rising,
    ...more,
  })
const others = [
  statement('begin', 'BEGIN', { operation: 'begin' }),
  statement('serializable', 'BEGIN ISOLATION LEVEL SERIALIZABLE', { operation: 'begin' }),
  statement('commit', 'COMMIT', { operation: 'commit' }),
  statement('lock', 'SELECT id FROM counters WHERE id = $1 FOR UPDATE', { tables: ['counters'], locks: true }),
  statement('advisory', 'SELECT pg_advisory_xact_lock($1)'),
]

/** Reads 2 ms after it began and writes 20 ms later. */
const spans = (row = 'row 1', before: readonly Span[] = []): Span[] => [
  ...before,
  query('read', 2, 1, { parametersHash: row, site: siteAt(10) }),
  query('write', 22, 2, { parametersHash: `${row} written`, site: siteAt(12) }),
]
/** One every `everyMs`: below 20 ms they overlap. */
const requests = (everyMs: number, of: (at: number) => readonly Span[], more: Partial<Trace> = {}): Trace[] =>
  Array.from({ length: 10 }, (_, at) => ({
    ...trace(route, 30, of(at)),
    id: `t${at}`,
    startedAtMs: 1_000 + at * everyMs,
    ...more,
  }))
const at = (
  everyMs: number,
  of: (at: number) => readonly Span[] = () => spans(),
  list: readonly Statement[] = [read(), write()],
) => ({
  traces: tracesOf(requests(everyMs, of)),
  statements: statementsOf([...list, ...others], [use(route, 'write', 10, 20, { site: siteAt(12) })]),
})

const failing = (failed: number, conflicts: number, begun = 200, statusCode = 500) => ({
  traces: tracesOf([
    ...requests(100, () => [query('serializable', 1, 1), query('change', 3, 2), query('commit', 6, 1)]),
    ...requests(100, () => [query('serializable', 1, 1), query('change', 3, 2, { failed: true })], { statusCode })
      .slice(0, failed)
      .map(one => ({ ...one, id: `failed ${one.id}` })),
  ]),
  statements: statementsOf(
    [
      statement('change', 'UPDATE counters SET n = n + $1 WHERE id = $2', {
        operation: 'update',
        tables: ['counters'],
      }),
      ...others,
    ],
    [
      use(route, 'serializable', begun, 100),
      use(route, 'change', begun, 400, { conflicts, errors: conflicts, site: siteAt(18) }),
    ],
  ),
})

describePractice(isolationLevel, {
  silent: {
    'nothing is updated': {
      traces: tracesOf([trace('GET /counters/:id', 5, [query('read', 1, 1)])]),
      statements: statementsOf([read()]),
    },
    'requests that never overlap are a question, no finding': at(100),
    'requests that overlap on different rows': at(5, index => spans(`row ${index}`)),
    'an UPDATE that computes by itself': at(5, undefined, [
      read(),
      write({}, 'UPDATE counters SET n = n + $1 WHERE id = $2'),
    ]),
    'a row that is locked while it is read': at(5, undefined, [
      read({ locks: true }, 'SELECT n FROM counters WHERE id = $1 FOR UPDATE'),
      write(),
    ]),
    'a row that was locked by a statement before': at(5, () => spans('row 1', [query('lock', 0, 1)])),
    'an advisory lock': at(5, () => spans('row 1', [query('advisory', 0, 1)])),
    'a version that the UPDATE checks': at(5, undefined, [
      read({ targetColumns: ['n', 'version'] }),
      write(
        { conditions: [...key, equal('counters', 'version')] },
        'UPDATE counters SET n = $1 WHERE id = $2 AND version = $3',
      ),
    ]),
    'a serializable transaction': at(5, () => spans('row 1', [query('serializable', 0, 1)])),
    'a database that is serializable by default': {
      ...at(5),
      pg: pgOf({ settings: { default_transaction_isolation: 'repeatable read' } }),
    },
    'a form that overwrites: the same value every time': at(5, undefined, [
      read(),
      write({ parameters: [5, 5, 5].map(n => sample(n, 1)) }),
    ]),
    'texts that are written': at(5, undefined, [read(), write({ parameters: ['a', 'b', 'c'].map(n => sample(n, 1)) })]),
    'a moment that is written': at(5, undefined, [
      read(),
      write({ parameters: [1, 2, 3].map(n => sample(1_763_000_000_000 + n, 1)) }),
    ]),
    'a column that was not read': at(5, undefined, [read({ targetColumns: ['name'] }), write()]),
    'one conflict in two hundred': failing(1, 1),
    'conflicts that are tried again': failing(0, 10),
    'deadlocks, which lock-contention names': {
      ...failing(3, 4),
      pg: pgOf({
        activity: {
          ...pgOf().activity,
          sessions: {
            looks: 1,
            active: 1,
            waitingForLocks: 0,
            connections: [],
            blocked: [],
            idleTransactions: [],
            deadlocks: 4,
          },
        },
      }),
    },
  },
  reports: {
    'a counter that is read, raised and written back by requests that overlap': {
      evidence: at(5),
      finds: [
        {
          fingerprint: `isolation-level|${route}|write|counters(n)`,
          practice: 'isolation-level',
          title: "Requests overwrite each other's counters.n: 24 pairs read before either wrote",
          where: { route, statementId: 'write', resource: 'counters(n)', site: siteAt(12) },
          facts: [
            expect.objectContaining({ quantity: { value: 24, unit: 'count' } }),
            expect.objectContaining({ quantity: { value: 10, unit: 'count' } }),
            expect.objectContaining({
              label: 'different values written to one row',
              quantity: { value: 3, unit: 'count' },
            }),
          ],
          confidence: 'suspected',
          risk: 'loss',
          remedy: expect.objectContaining({
            summary: 'Let the UPDATE compute n, or lock the row while it is read.',
          }),
        },
      ],
    },
    'serialization failures that end as errors': {
      evidence: failing(3, 12),
      finds: [
        expect.objectContaining({
          title: '6 % of transactions are given up and not tried again',
          where: { route, statementId: 'change', resource: 'serialization failure', site: siteAt(18) },
          risk: 'loss',
        }),
      ],
    },
    'retries that do every third transaction twice': {
      evidence: failing(0, 70),
      finds: [
        expect.objectContaining({
          title: '35 % of transactions are given up and worked again',
          remedy: expect.objectContaining({
            summary: 'Make fewer transactions collide: compute in one UPDATE, or lock the row first.',
          }),
        }),
      ],
    },
  },
})

it('asks whether the new value depends on the old where it only may', () => {
  expect(outcomeOf(isolationLevel, at(100))).toMatchObject({
    kind: 'ask',
    question: `${route} reads counters.n and writes it afterwards (src/orders.ts:12): does what it writes depend on what it read?`,
  })
})

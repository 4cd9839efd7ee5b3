import type { RuntimeEvidence, Span, Trace } from '@whetstone/model'
import { expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import {
  query,
  runtimeOf,
  siteAt,
  statement,
  statementsOf,
  times,
  trace,
  tracesOf,
} from '../derive/testing/evidence.ts'
import { transactionLength } from './transaction-length.ts'

const route = 'POST /orders/:id/pay'
const statements = statementsOf([
  statement('begin', 'BEGIN'),
  statement('update', 'UPDATE orders SET status = $1 WHERE id = $2', { operation: 'update', tables: ['orders'] }),
  statement('read', 'SELECT total FROM orders WHERE id = $1', { tables: ['orders'] }),
  statement('commit', 'COMMIT'),
  statement('savepoint', 'ROLLBACK TO SAVEPOINT s1'),
])

const inside = { transaction: 7, connection: 1 }
/** BEGIN at 5 ms, then a statement at each of the moments, then COMMIT. */
function transaction(
  moments: readonly number[],
  commitMs: number,
  { more = {}, runMs = 2 }: { readonly more?: Partial<Span>; readonly runMs?: number } = {},
): Span[] {
  return [
    query('begin', 5, 1, inside),
    ...moments.map((startMs, at) =>
      query(at === 0 ? 'update' : 'read', startMs, runMs, { ...inside, site: siteAt(12), ...more }),
    ),
    query('commit', commitMs, 2, inside),
  ]
}
const call = (startMs: number, durationMs: number): Span => ({
  id: 0,
  kind: 'outbound',
  name: 'POST pay.example/charges',
  host: 'pay.example',
  urlTemplate: '/charges',
  startMs,
  durationMs,
  site: siteAt(30, 'src/pay.ts'),
})
const evidenceOf = (one: Trace, count = 10) => ({ traces: tracesOf(times(count, one)), statements })
const busyLoop: RuntimeEvidence = {
  ...runtimeOf([]),
  processes: runtimeOf([]).processes.map(process => ({
    ...process,
    samples: [
      {
        atMs: 0,
        windowMs: 1_000,
        eventLoopDelayP50Ms: 30,
        eventLoopDelayP99Ms: 90,
        eventLoopDelayMaxMs: 120,
        eventLoopUtilisationFraction: 0.95,
        cpuUserMs: 900,
        cpuSystemMs: 50,
        gcPauseMs: 0,
        gcMaxPauseMs: 0,
        heapUsedBytes: 1e8,
        heapTotalBytes: 2e8,
        residentBytes: 3e8,
        requests: 100,
      },
    ],
  })),
}

const lying = trace(route, 200, transaction([7, 160], 165))

describePractice(transactionLength, {
  silent: {
    'no transaction': evidenceOf(trace(route, 50, [query('read', 5, 2), call(10, 30)])),
    'a transaction of nothing but statements': evidenceOf(trace(route, 30, transaction([7, 10, 13], 16))),
    'a call before BEGIN': evidenceOf(trace(route, 200, [call(0, 4), ...transaction([7], 10)])),
    'a call after COMMIT': evidenceOf(trace(route, 200, [...transaction([7], 10), call(13, 150)])),
    'a call that runs beside a transaction which does not wait for it': evidenceOf(
      trace(route, 200, [call(4, 150), ...transaction([7, 9.5, 12], 14.5)]),
    ),
    'a call of 2 ms to the same machine': evidenceOf(trace(route, 30, [...transaction([7, 12], 15), call(9.5, 2)])),
    'four transactions, too few to judge': evidenceOf(
      trace(route, 200, [...transaction([7, 160], 163), call(10, 145)]),
      4,
    ),
    'a call in two of ten': {
      traces: tracesOf([
        ...times(8, trace(route, 30, transaction([7, 10], 13))),
        ...times(2, trace(route, 200, [...transaction([7, 160], 163), call(10, 145)])).map(one => ({
          ...one,
          id: `slow${one.id}`,
        })),
      ]),
      statements,
    },
    'a long transaction in which the database works': evidenceOf(
      trace(route, 200, transaction([7, 80], 155, { runMs: 70 })),
    ),
    'pauses of an event loop that is busy with other requests': { ...evidenceOf(lying), runtime: busyLoop },
    'pauses at a different statement each time': {
      traces: tracesOf(
        [7, 8, 9, 10, 11, 12].map((_, at) => ({
          ...trace(route, 200, [
            query('begin', 5, 1, inside),
            ...Array.from({ length: 6 }, (_item, index) =>
              query(`read${index}`, index <= at ? 7 + index * 2 : 120 + index * 2, 1, inside),
            ),
            query('commit', 140, 2, inside),
          ]),
          id: `t${at}`,
        })),
      ),
      statements,
    },
    'a transaction of which the end was not seen': evidenceOf(
      trace(route, 200, [query('begin', 5, 1, inside), query('update', 7, 2, inside), query('read', 160, 2, inside)]),
    ),
    'a single statement in BEGIN and COMMIT with a wait for a connection before it': evidenceOf(
      trace(route, 200, [
        query('begin', 150, 1, { ...inside, poolWaitMs: 140 }),
        query('update', 152, 2, inside),
        query('commit', 155, 1, inside),
      ]),
    ),
  },
  reports: {
    'a call to another service between BEGIN and COMMIT': {
      evidence: evidenceOf(trace(route, 200, [...transaction([7, 160], 163), call(10, 145)])),
      finds: [
        {
          fingerprint: `transaction-length|${route}|src/pay.ts#load|transaction`,
          practice: 'transaction-length',
          title: 'A call to pay.example holds a transaction open for 145 ms',
          where: { route, resource: 'transaction', site: siteAt(30, 'src/pay.ts') },
          facts: [
            expect.objectContaining({ label: 'the call inside the transaction', quantity: { value: 145, unit: 'ms' } }),
            expect.objectContaining({ label: 'length of the transaction', quantity: { value: 160, unit: 'ms' } }),
            expect.objectContaining({ quantity: { value: 0.9063, unit: 'fraction' } }),
            expect.objectContaining({ quantity: { value: 10, unit: 'count' } }),
          ],
          confidence: 'strong',
          risk: 'outage',
          remedy: expect.objectContaining({
            summary: 'Call pay.example before BEGIN, or after COMMIT by way of an outbox.',
            steps: expect.arrayContaining([
              'The call at src/pay.ts:30 runs between BEGIN and COMMIT, after `UPDATE orders SET status = $1 WHERE id = $2` (src/orders.ts:12): rows and a connection stay taken until pay.example answers.',
            ]),
          }),
        },
      ],
    },
    'a pause in which nothing shows': {
      evidence: evidenceOf(lying),
      finds: [
        expect.objectContaining({
          title: 'Transactions last 162 ms, of which the database works 4.3 %',
          where: { route, resource: 'transaction', site: siteAt(12) },
          remedy: expect.objectContaining({ summary: 'Move what is not SQL out of the transaction.' }),
        }),
      ],
    },
    'a pause in which the request works on a second connection': {
      evidence: evidenceOf(
        trace(route, 200, [
          ...transaction([7, 160], 165),
          query('read', 100, 55, { connection: 2, poolWaitMs: 88, site: siteAt(50) }),
        ]),
      ),
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({ summary: 'Run all statements of the transaction on its own connection.' }),
        }),
      ],
    },
  },
})

it('says how much of the transactions that pass was no work of the database', () => {
  const paused = times(10, trace(route, 90, transaction([7, 69], 71)))
  const quick = times(10, trace(route, 30, transaction([7, 9], 11))).map(one => ({ ...one, id: `quick${one.id}` }))
  expect(outcomeOf(transactionLength, { traces: tracesOf([...paused, ...quick]), statements })).toMatchObject({
    kind: 'pass',
    because: [
      expect.objectContaining({ quantity: { value: 68, unit: 'ms' } }),
      expect.objectContaining({ quantity: { value: 61, unit: 'ms' } }),
      expect.objectContaining({ quantity: { value: 0.8158, unit: 'fraction' } }),
    ],
    note: 'the longest of 20 sampled transactions took 68 ms; 82 % of their time passed between statements, at most 61 ms in one',
  })
})

import type { PgBlocking, PgEvidence, PgSessions } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { pgOf, query, siteAt, statement, statementsOf, trace, tracesOf, use } from '../derive/testing/evidence.ts'
import { lockContention } from './lock-contention.ts'

const count = 'UPDATE counters SET n = n + $1 WHERE id = $2'
const audit = 'SELECT sum(n) FROM counters'
const statements = statementsOf(
  [
    statement('begin', 'BEGIN'),
    statement('commit', 'COMMIT'),
    statement('count', count, { operation: 'update', tables: ['counters'] }),
    statement('audit', audit, { tables: ['counters'] }),
  ],
  [use('POST /hits', 'count', 500, 20_000, { site: siteAt(8) }), use('POST /hits', 'audit', 500, 500)],
)

const blocked = (more: Partial<PgBlocking> = {}): PgBlocking => ({
  waiting: { statementId: 'count', text: count },
  blocker: { statementId: 'count', text: count },
  blockerIdle: false,
  lock: 'transactionid',
  waits: 40,
  longestMs: 180,
  ...more,
})
function pgWith(more: Partial<PgSessions> = {}): PgEvidence {
  const { activity } = pgOf()
  const sessions: PgSessions = {
    looks: 40,
    active: 100,
    waitingForLocks: 0,
    connections: [10, 10],
    blocked: [],
    idleTransactions: [],
    deadlocks: 0,
    ...more,
  }
  return pgOf({ activity: { ...activity, sessions } })
}

/** Half of the runs take 40 ms, in a tenth nobody is in the way. */
const traces = tracesOf(
  Array.from({ length: 40 }, (_, at) => ({
    ...trace('POST /hits', 60, [
      query('begin', 1, 1, { transaction: 3 }),
      query('count', 3, at % 8 === 0 ? 2 : 40, { transaction: 3, site: siteAt(8) }),
      query('audit', 45, 1, { transaction: 3 }),
      query('commit', 47, 1, { transaction: 3 }),
    ]),
    id: `t${at}`,
  })),
)

describePractice(lockContention, {
  silent: {
    'a run recorded before locks were looked at': { pg: pgOf() },
    'nobody waits': { pg: pgWith() },
    'two sightings of a wait in forty looks': { pg: pgWith({ waitingForLocks: 2, blocked: [blocked({ waits: 2 })] }) },
    'waits of one session in a hundred': {
      pg: pgWith({ active: 1_000, waitingForLocks: 10, blocked: [blocked()] }),
      statements,
    },
    'two waits on an idle server, though all of its active sessions': {
      pg: pgWith({ active: 2, waitingForLocks: 2, blocked: [blocked({ waits: 2 })] }),
    },
    'a nightly job that waits behind another one: none of the service’s statements': {
      pg: pgWith({
        waitingForLocks: 30,
        blocked: [blocked({ waiting: { text: 'REFRESH MATERIALIZED VIEW sales' }, longestMs: 9_000 })],
      }),
      statements,
    },
    'a migration that waits while the service goes on': {
      pg: pgWith({
        waitingForLocks: 30,
        blocked: [blocked({ waiting: { text: 'ALTER TABLE counters ADD COLUMN seen int' }, longestMs: 2_000 })],
      }),
      statements,
    },
    'waits of 900 ms, three in all': {
      pg: pgWith({ active: 400, waitingForLocks: 3, blocked: [blocked({ waits: 3, longestMs: 900 })] }),
    },
  },
  reports: {
    'a row that everybody counts in': {
      evidence: { pg: pgWith({ waitingForLocks: 45, blocked: [blocked()] }), statements, traces },
      finds: [
        {
          fingerprint: 'lock-contention||count|lock',
          practice: 'lock-contention',
          title: 'Requests wait up to 180 ms for rows held by others',
          where: { statementId: 'count', site: siteAt(8), resource: 'lock' },
          facts: [
            expect.objectContaining({ label: 'longest wait seen', quantity: { value: 180, unit: 'ms' } }),
            expect.objectContaining({ quantity: { value: 40, unit: 'count' } }),
            expect.objectContaining({ quantity: { value: 0.45, unit: 'fraction' } }),
            expect.objectContaining({ label: 'looks at the server' }),
            expect.objectContaining({ label: 'the waiting statement, median', quantity: { value: 40, unit: 'ms' } }),
            expect.objectContaining({ quantity: { value: 2, unit: 'ms' } }),
          ],
          confidence: 'strong',
          edit: {
            kind: 'plan',
            statements: [{ statementId: 'count', costBefore: 40, costAfter: 2, medianMsBefore: 40, medianMsAfter: 2 }],
          },
          remedy: expect.objectContaining({ summary: 'Spread the row that everybody writes, or write it last.' }),
        },
      ],
    },
    'an idle transaction of the service: the line that took the lock, not the one it ran last': {
      evidence: {
        pg: pgWith({
          waitingForLocks: 1,
          blocked: [
            blocked({ blocker: { statementId: 'audit', text: audit }, blockerIdle: true, longestMs: 1_400, waits: 1 }),
          ],
        }),
        statements,
        traces,
      },
      finds: [
        expect.objectContaining({
          title: 'Requests wait up to 1.40 s for rows held by an idle transaction',
          where: { statementId: 'count', site: siteAt(8), resource: 'lock' },
          risk: 'outage',
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([
              `The lock was taken by \`${count}\` at src/orders.ts:8.`,
              `The last that transaction ran was \`${audit}\`.`,
            ]),
          }),
        }),
      ],
    },
    'a schema change that keeps requests out': {
      evidence: {
        pg: pgWith({
          waitingForLocks: 20,
          blocked: [blocked({ blocker: { text: 'CREATE INDEX ON counters (n)' }, lock: 'relation', longestMs: 3_000 })],
        }),
        statements,
      },
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({
            summary: 'Change the schema without a lock that keeps everybody out.',
          }),
        }),
      ],
    },
    deadlocks: {
      evidence: { pg: pgWith({ deadlocks: 3 }), statements },
      finds: [
        {
          fingerprint: 'lock-contention|||deadlock',
          practice: 'lock-contention',
          title: 'The server broke 3 deadlocks',
          where: { resource: 'deadlock' },
          facts: [expect.objectContaining({ label: 'deadlocks', quantity: { value: 3, unit: 'count' } })],
          confidence: 'strong',
          risk: 'loss',
          remedy: expect.objectContaining({
            summary: 'Take rows in the same order everywhere, and try a transaction that failed with 40P01 again.',
          }),
        },
      ],
    },
  },
})

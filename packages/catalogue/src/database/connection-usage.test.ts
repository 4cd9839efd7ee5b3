import type { PgActivity, PgEvidence, PgSessions } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { pgOf, pool, runtimeOf, siteAt, statement, statementsOf, use } from '../derive/testing/evidence.ts'
import { connectionUsage } from './connection-usage.ts'

const rising = Array.from({ length: 30 }, (_, at) => 10 + at)

/** The server gives out 97 connections. */
function pgWith(sessions: Partial<PgSessions> = {}, activity: Partial<PgActivity> = {}): PgEvidence {
  return pgOf({
    activity: {
      ...pgOf().activity,
      ...activity,
      sessions: {
        looks: 30,
        active: 30,
        waitingForLocks: 0,
        connections: Array.from({ length: 30 }, () => 10),
        blocked: [],
        idleTransactions: [],
        ...sessions,
      },
    },
  })
}
/** A pool of which requests took as many connections as are said, and ran the update on them last. */
const leaking = (connections: number) =>
  runtimeOf([
    pool({
      held: [
        {
          site: siteAt(12),
          statementId: 'update',
          connections,
          outlived: connections,
          longestMs: 9_000,
          unusedMs: 7_000,
        },
      ],
    }),
  ])
const small = runtimeOf([pool({ maxConnections: 10 })])
const statements = statementsOf(
  [statement('update', 'UPDATE stock SET reserved = $1 WHERE id = $2')],
  [use('POST /reserve', 'update', 10, 100, { site: siteAt(33) })],
)
const lying = (longestIdleMs: number, statementId?: string) => ({
  last: { text: 'UPDATE stock SET reserved = $1 WHERE id = $2', ...(statementId ? { statementId } : {}) },
  sessions: 2,
  longestIdleMs,
})

describePractice(connectionUsage, {
  silent: {
    'the server was gone before it told how many it accepts': {
      pg: pgWith({}, { maxConnections: 0, peakConnections: 9 }),
      runtime: runtimeOf([pool()]),
    },
    'ten of a hundred': { pg: pgWith() },
    'a run recorded before sessions were looked at': { pg: pgOf() },
    'a pool that fills up to its size while the load begins': {
      pg: pgWith({ connections: rising }),
      runtime: runtimeOf([pool({ maxConnections: 50 })]),
    },
    'growth that nobody can judge, because the pools are not known': { pg: pgWith({ connections: rising }) },
    'a job that came with four connections': {
      pg: pgWith({ connections: [...Array.from({ length: 20 }, () => 12), ...Array.from({ length: 10 }, () => 16)] }),
      runtime: small,
    },
    'a pool of another driver that fills up and stays': {
      pg: pgWith({ connections: rising.map(count => Math.min(count, 22)) }),
      runtime: runtimeOf([]),
    },
    'connections that come and go': {
      pg: pgWith({ connections: rising.map((count, at) => (at % 7 === 6 ? 10 : count % 9 === 0 ? 30 : 15)) }),
      runtime: small,
    },
    'pools that are too large for the server, which is the finding of pool-size': {
      pg: pgWith({}, { peakConnections: 92 }),
      runtime: runtimeOf([pool({ maxConnections: 100 })]),
    },
    'a pause of a second in a transaction': { pg: pgWith({ idleTransactions: [lying(1_200, 'update')] }), statements },
    'connections that were not given back, which is the finding of pool-leak': {
      pg: pgWith({ idleTransactions: [lying(7_000, 'update')] }),
      statements,
      runtime: leaking(2),
    },
    'a console in which somebody typed BEGIN': { pg: pgWith({ idleTransactions: [lying(60_000)] }), statements },
  },
  reports: {
    'connections that grow beyond the pools': {
      evidence: { pg: pgWith({ connections: rising }, { windowMs: 10_000, peakConnections: 39 }), runtime: small },
      finds: [
        {
          fingerprint: 'connection-usage|||growing connections',
          practice: 'connection-usage',
          title: 'Connections grow by 180 a minute; the server is full in 20.2 s',
          where: { resource: 'growing connections' },
          facts: [
            expect.objectContaining({ label: 'connections at first', quantity: { value: 12.5, unit: 'count' } }),
            expect.objectContaining({ label: 'connections at last', quantity: { value: 36.5, unit: 'count' } }),
            expect.objectContaining({ quantity: { value: 97, unit: 'count' } }),
            expect.objectContaining({ label: 'time until they are gone' }),
          ],
          confidence: 'strong',
          risk: 'outage',
          remedy: expect.objectContaining({
            summary: 'Find where connections are opened outside a pool, and close them on every way out.',
          }),
        },
      ],
    },
    'a server of which little is left': {
      evidence: { pg: pgWith({}, { peakConnections: 95 }), runtime: small },
      finds: [
        expect.objectContaining({
          title: '95 of 97 connections are in use, 98 %',
          risk: 'outage',
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([
              'The pools of the service may open 10; the others are opened by somebody else.',
            ]),
          }),
        }),
      ],
    },
    'a transaction that lies on the one connection that is kept, of which pool-leak says nothing': {
      evidence: { pg: pgWith({ idleTransactions: [lying(7_000, 'update')] }), statements, runtime: leaking(1) },
      finds: [expect.objectContaining({ title: 'A transaction lies idle for 7.00 s on 2 connections' })],
    },
    'a transaction of the service that nobody ends': {
      evidence: { pg: pgWith({ idleTransactions: [lying(7_000, 'update')] }), statements },
      finds: [
        expect.objectContaining({
          title: 'A transaction lies idle for 7.00 s on 2 connections',
          where: { resource: 'idle transaction', statementId: 'update', site: siteAt(33) },
          risk: 'outage',
          confidence: 'strong',
        }),
      ],
    },
  },
})

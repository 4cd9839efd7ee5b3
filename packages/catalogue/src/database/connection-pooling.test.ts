import type { Span } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import {
  pgOf,
  pool,
  query,
  runtimeOf,
  siteAt,
  statement,
  statementsOf,
  times,
  trace,
  tracesOf,
  use,
} from '../derive/testing/evidence.ts'
import { connectionPooling } from './connection-pooling.ts'

const connect = (durationMs: number): Span => ({
  id: 0,
  kind: 'connect',
  name: 'connect',
  startMs: 1,
  durationMs,
  site: siteAt(8),
})
const churn = (durationMs = 20, connectMs = 8) =>
  tracesOf(times(200, trace('GET /me', durationMs, [connect(connectMs), query('a', 10, 2)])))

describePractice(connectionPooling, {
  silent: {
    'a warm pool': { traces: tracesOf(times(200, trace('GET /me', 5, [query('a', 1, 2)]))) },
    'no database': { traces: tracesOf(times(200, trace('GET /me', 5, []))) },
    'a pool that grows to its size': {
      traces: tracesOf([
        ...times(10, trace('GET /me', 20, [connect(8), query('a', 10, 2)])),
        ...times(50, trace('GET /me', 5, [query('a', 1, 2)])),
      ]),
      runtime: runtimeOf([pool({ maxConnections: 10 })]),
    },
    'a reconnect now and then': {
      traces: tracesOf([trace('GET /me', 20, [connect(8)]), ...times(99, trace('GET /me', 5, [query('a', 1, 2)]))]),
    },
    'the database was gone, and connections are opened again': {
      traces: churn(),
      pg: pgOf({
        activity: {
          ...pgOf().activity,
          outages: [{ startedAt: '2026-11-20T10:00:00.000Z', durationMs: 3_000, ended: true }],
        },
      }),
    },
    'each failure throws its connection away': {
      traces: tracesOf(times(200, trace('GET /me', 20, [connect(8), query('a', 10, 2)])), {
        'GET /me': { errors: 195 },
      }),
      runtime: runtimeOf([pool({ maxConnections: 10 })]),
    },
    'connecting takes two per cent of a slow report': { traces: churn(400, 8) },
  },
  reports: {
    'a client per request': {
      evidence: {
        traces: churn(),
        pg: pgOf({ activity: { ...pgOf().activity, newConnections: 198 } }),
        statements: statementsOf(
          [statement('set', 'SET search_path TO app', { operation: 'set' })],
          [use('GET /me', 'set', 200, 20)],
        ),
      },
      finds: [
        {
          fingerprint: 'connection-pooling|GET /me|src/orders.ts#load|connections',
          practice: 'connection-pooling',
          title: '1 new database connection per request, 8.0 ms each',
          where: { route: 'GET /me', site: siteAt(8), resource: 'connections' },
          facts: [
            expect.objectContaining({ label: 'connections opened per request', quantity: { value: 1, unit: 'ratio' } }),
            expect.objectContaining({ label: 'time to open one', quantity: { value: 8, unit: 'ms' } }),
            expect.objectContaining({ quantity: { value: 0.4, unit: 'fraction' } }),
            expect.objectContaining({ label: 'new server processes seen', quantity: { value: 198, unit: 'count' } }),
            expect.objectContaining({ label: 'SET statements', quantity: { value: 200, unit: 'count' } }),
          ],
          confidence: 'strong',
          edit: { kind: 'connection', change: { kind: 'reuse' }, route: 'GET /me' },
          remedy: expect.objectContaining({
            steps: expect.arrayContaining(['The connection is used at src/orders.ts:8; it was opened just before.']),
          }),
        },
      ],
    },
    'a client on one route, and a pool for the others': {
      evidence: {
        traces: tracesOf(
          times(200, trace('GET /me', 20, [{ ...connect(8), site: [] }, query('a', 10, 2, { site: siteAt(11) })])),
        ),
        runtime: runtimeOf([pool({ idleTimeoutMs: 30_000, acquisitions: 900 })]),
      },
      finds: [
        expect.objectContaining({
          where: { route: 'GET /me', site: siteAt(11), resource: 'connections' },
          remedy: expect.objectContaining({
            summary: 'Make one pool when the process starts, and take connections from it.',
          }),
        }),
      ],
    },
    'a pool that closes its connections too soon': {
      evidence: { traces: churn(), runtime: runtimeOf([pool({ idleTimeoutMs: 1, acquisitions: 200 })]) },
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({ summary: 'Keep idle connections longer than 1.0 ms.' }),
        }),
      ],
    },
  },
})

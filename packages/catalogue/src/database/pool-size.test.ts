import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { hostOf, pgOf, pool, query, runtimeOf, siteAt, times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { poolSize } from './pool-size.ts'

const waiting = (waitMs: number) =>
  tracesOf(times(20, trace('GET /orders', 20 + waitMs, [query('a', waitMs, 10, { poolWaitMs: waitMs })])))
const small = pool({ maxConnections: 2, peakInUse: 2, peakWaiting: 9, waits: 800, waitMs: 9_000, site: siteAt(3) })
const pg = pgOf()

describePractice(poolSize, {
  silent: {
    'nobody waits': { runtime: runtimeOf([pool()]), traces: waiting(0), pg, host: hostOf(0.5) },
    'no pool at all': { runtime: runtimeOf([]), traces: waiting(50), pg },
    'waits of one per cent of the time': { runtime: runtimeOf([small]), traces: waiting(0.2), pg, host: hostOf(0.5) },
    'the database is busy: more connections would not help': {
      runtime: runtimeOf([small]),
      traces: waiting(50),
      pg,
      host: hostOf(1.8),
    },
    'one request of a hundred waits long': {
      runtime: runtimeOf([small]),
      traces: tracesOf([
        ...times(99, trace('GET /orders', 5, [query('a', 1, 2)])),
        trace('GET /orders', 400, [query('a', 390, 2, { poolWaitMs: 390 })], { id: 'slow' }),
      ]),
      pg,
      host: hostOf(0.5),
    },
    'pools well below what the server accepts': { runtime: runtimeOf([pool()], [pool()], [pool()]), pg },
    'waits without any trace of requests': { runtime: runtimeOf([small]), pg },
    'the server was gone before it told how many it accepts': {
      runtime: runtimeOf([pool()]),
      pg: pgOf({ activity: { ...pg.activity, maxConnections: 0 }, settings: {} }),
    },
    'the server has no room, and the pools stay within the limit': {
      runtime: runtimeOf([{ ...small, maxConnections: 8 }]),
      traces: waiting(50),
      pg: pgOf({ activity: { ...pg.activity, maxConnections: 13 } }),
      host: hostOf(0.2),
    },
  },
  reports: {
    'statements of one request that wait side by side are waited for once': {
      evidence: {
        runtime: runtimeOf([small]),
        traces: tracesOf(
          times(
            20,
            trace(
              'GET /orders',
              50,
              Array.from({ length: 30 }, () => query('a', 0, 45, { poolWaitMs: 40 })),
            ),
          ),
        ),
        pg,
        host: hostOf(0.4),
      },
      finds: [expect.objectContaining({ title: '100 % of requests wait 50 ms for one of 2 connections' })],
    },
    'requests wait while the database idles': {
      evidence: { runtime: runtimeOf([small]), traces: waiting(30), pg, host: hostOf(0.4) },
      finds: [
        {
          fingerprint: 'pool-size||src/orders.ts#load|pool too small',
          practice: 'pool-size',
          title: '100 % of requests wait 30 ms for one of 2 connections',
          where: { resource: 'pool', site: siteAt(3) },
          facts: [
            expect.objectContaining({ label: 'connections of the pool', quantity: { value: 2, unit: 'count' } }),
            expect.objectContaining({ label: 'most waiting at once', quantity: { value: 9, unit: 'count' } }),
            expect.objectContaining({ quantity: { value: 0.6, unit: 'fraction' } }),
            expect.objectContaining({ label: 'requests that waited', quantity: { value: 1, unit: 'fraction' } }),
            expect.objectContaining({
              label: 'database CPU of the machine',
              quantity: { value: 0.2, unit: 'fraction' },
            }),
            expect.objectContaining({
              label: 'connections the server accepts',
              quantity: { value: 97, unit: 'count' },
            }),
          ],
          confidence: 'strong',
          edit: { kind: 'connection', change: { kind: 'pool-size', from: 2, to: 8 } },
          remedy: expect.objectContaining({ summary: 'Try 8 connections instead of 2.' }),
        },
      ],
    },
    'the remedy is in the words of the ORM that keeps the pool': {
      evidence: {
        runtime: runtimeOf([{ ...small, madeBy: 'sequelize' }]),
        traces: waiting(30),
        pg,
        host: hostOf(0.4),
      },
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({
            code: {
              language: 'ts',
              before: 'new Sequelize(url, { pool: { max: 2 } })',
              after: 'new Sequelize(url, { pool: { max: 8 } })',
            },
          }),
        }),
      ],
    },
    'it is only suspected where the database cannot be seen': {
      evidence: { runtime: runtimeOf([small]), traces: waiting(30) },
      finds: [expect.objectContaining({ confidence: 'suspected' })],
    },
    'eight processes of twenty connections at a server of a hundred': {
      evidence: { runtime: runtimeOf(...Array.from({ length: 8 }, () => [pool({ maxConnections: 20 })])), pg },
      finds: [
        expect.objectContaining({
          fingerprint: 'pool-size|||max_connections',
          title: 'Pools may open 160 connections; the server accepts 97',
          confidence: 'strong',
          risk: 'outage',
          remedy: expect.objectContaining({ code: { language: 'ts', after: 'new Pool({ max: 9 })' } }),
        }),
      ],
    },
  },
})

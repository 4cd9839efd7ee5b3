import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { hostOf, pgOf, pool, query, runtimeOf, siteAt, times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { loadOf } from '../derive/testing/load.ts'
import { secondsOf } from '../derive/testing/profile.ts'
import { poolSize } from './pool-size.ts'

const waiting = (waitMs: number) =>
  tracesOf(times(20, trace('GET /orders', 20 + waitMs, [query('a', waitMs, 10, { poolWaitMs: waitMs })])))
const small = pool({ maxConnections: 2, peakInUse: 2, peakWaiting: 9, waits: 800, waitMs: 9_000, site: siteAt(3) })
const pg = pgOf()
const arriving = (offeredRatePerSecond: number) => loadOf([], { offeredRatePerSecond })
/** Three of its four connections' worth of time is work: the rest of the queue is what came in while they were busy. */
const backlogged = pool({ maxConnections: 4, peakInUse: 4, peakWaiting: 41, waits: 745, waitMs: 350_000 })
const sessions = (active: number, waitingForLocks: number) =>
  pgOf({
    activity: {
      ...pg.activity,
      sessions: { looks: 100, active, waitingForLocks, connections: [3], blocked: [], idleTransactions: [] },
    },
  })
const fullEventLoop = {
  ...runtimeOf([]),
  processes: secondsOf([{ requests: 50, windowMs: 1_000, cpuUserMs: 900, cpuSystemMs: 50 }]).processes.map(process => ({
    ...process,
    pools: [small],
  })),
}
const serviceAt = (targetCpuCores: number, databaseCpuCores: number) => {
  const host = hostOf(databaseCpuCores)
  return { ...host, samples: host.samples.map(sample => ({ ...sample, targetCpuCores })) }
}

/** Others have the CPU: the service and the database get next to none of it, and `runnable` tasks stand in line for the two cores. */
const fullMachine = (runnable?: number) => {
  const host = serviceAt(0.04, 0.06)
  return {
    ...host,
    samples: host.samples.map(sample => ({
      ...sample,
      cpuBusyFraction: 0.99,
      ...(runnable === undefined ? {} : { runnable }),
    })),
  }
}
const ten = pool({ maxConnections: 10, peakInUse: 10, peakWaiting: 48, waits: 178, waitMs: 215_000, site: siteAt(3) })
/** Statements that take a few milliseconds where there is CPU, and hundreds of them here. */
const starved = (waitMs: number, heldMs: number) =>
  tracesOf(
    times(
      20,
      trace(
        'GET /orders',
        waitMs + heldMs + 50,
        [query('a', 0, waitMs + heldMs, { poolWaitMs: waitMs })].map(span => ({
          ...span,
          startMs: waitMs,
          durationMs: heldMs,
        })),
      ),
    ),
  )

describePractice(poolSize, {
  silent: {
    'others have the CPU, and what waits waits for them: ten connections are held for 400 ms by 12 tasks a core': {
      runtime: runtimeOf([ten]),
      traces: starved(1_200, 400),
      pg,
      host: fullMachine(25),
      'load-curve': arriving(40),
    },
    'no CPU is left, and nobody knows at what rate requests came': {
      runtime: runtimeOf([ten]),
      traces: starved(1_200, 400),
      pg,
      host: fullMachine(25),
    },
    'no CPU is left, and nobody counted who waits for it': {
      runtime: runtimeOf([ten]),
      traces: starved(1_200, 400),
      pg,
      host: fullMachine(),
      'load-curve': arriving(40),
    },
    'a burst of statements on a machine without CPU: they would wait for a core instead': {
      runtime: runtimeOf([ten]),
      traces: tracesOf(
        times(
          20,
          trace(
            'GET /orders',
            900,
            Array.from({ length: 20 }, () => query('a', 0, 400, { poolWaitMs: 380 })),
          ),
        ),
      ),
      pg,
      host: fullMachine(25),
      'load-curve': arriving(5),
    },
    'one connection on a machine without CPU, held for longer than anybody waits for it': {
      runtime: runtimeOf([{ ...ten, maxConnections: 1 }]),
      traces: starved(80, 100),
      pg,
      host: fullMachine(25),
      'load-curve': arriving(8),
    },
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
    'a backlog of forty in front of a pool that fits the load: 6 requests per second hold one for 100 ms': {
      runtime: runtimeOf([backlogged]),
      traces: tracesOf(times(20, trace('GET /orders', 2_000, [query('a', 1_900, 100, { poolWaitMs: 1_870 })]))),
      pg,
      host: hostOf(0.5),
      'load-curve': arriving(6),
    },
    'statements wait for a locked row while they hold the connection': {
      runtime: runtimeOf([small]),
      traces: waiting(50),
      pg: sessions(40, 12),
      host: hostOf(0.5),
      'load-curve': arriving(200),
    },
    'the service and the database fill the cores together': {
      runtime: runtimeOf([small]),
      traces: waiting(50),
      pg,
      host: serviceAt(0.85, 0.8),
      'load-curve': arriving(200),
    },
    'the event loop is full': {
      runtime: fullEventLoop,
      traces: waiting(50),
      pg,
      host: hostOf(0.2, 8),
      'load-curve': arriving(200),
    },
    'two connections take all the cores the service leaves': {
      runtime: runtimeOf([small]),
      traces: waiting(50),
      pg,
      host: serviceAt(0.4, 1.15),
      'load-curve': arriving(200),
    },
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
      evidence: {
        runtime: runtimeOf([small]),
        traces: waiting(30),
        pg,
        host: hostOf(0.4),
        'load-curve': arriving(190),
      },
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
            expect.objectContaining({ label: 'requests that arrive', quantity: { value: 190, unit: 'per-second' } }),
            expect.objectContaining({
              label: 'time a request holds a connection',
              quantity: { value: 10, unit: 'ms' },
            }),
            expect.objectContaining({
              label: 'connections in use at once by these two',
              quantity: { value: 1.9, unit: 'count' },
            }),
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
          edit: { kind: 'connection', change: { kind: 'pool-size', from: 2, to: 6 } },
          remedy: expect.objectContaining({ summary: 'Try 6 connections instead of 2.' }),
        },
      ],
    },
    'one connection is waited for many times as long as it is held, and nothing is promised where others have the CPU':
      {
        evidence: {
          runtime: runtimeOf([{ ...ten, maxConnections: 1 }]),
          traces: starved(300, 40),
          pg,
          host: fullMachine(25),
          'load-curve': arriving(20),
        },
        finds: [
          {
            fingerprint: 'pool-size||src/orders.ts#load|pool too small',
            practice: 'pool-size',
            title: '100 % of requests wait 300 ms for one of 1 connections',
            where: { resource: 'pool', site: siteAt(3) },
            facts: expect.arrayContaining([
              expect.objectContaining({
                label: 'cores busy with all that runs',
                quantity: { value: 0.99, unit: 'fraction' },
              }),
            ]),
            confidence: 'suspected',
            remedy: expect.objectContaining({
              summary: 'Try 2 connections instead of 1.',
              steps: expect.arrayContaining([
                'The machine had no CPU left for what it was asked, so no gain is promised: measure again where the service has its cores to itself.',
              ]),
            }),
          },
        ],
      },
    'two connections are a queue as well, also where nobody counted who waits for the CPU': {
      evidence: { runtime: runtimeOf([small]), traces: starved(300, 40), pg, host: fullMachine() },
      finds: [
        expect.objectContaining({
          confidence: 'suspected',
          remedy: expect.objectContaining({ summary: 'Try 4 connections instead of 2.' }),
        }),
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
              after: 'new Sequelize(url, { pool: { max: 4 } })',
            },
          }),
        }),
      ],
    },
    'no more connections than the database has cores for': {
      evidence: {
        runtime: runtimeOf([small]),
        traces: waiting(30),
        pg,
        host: serviceAt(0.2, 0.8),
        'load-curve': arriving(190),
      },
      finds: [
        expect.objectContaining({
          edit: { kind: 'connection', change: { kind: 'pool-size', from: 2, to: 4 } },
        }),
      ],
    },
    'each process gets its share of what arrives': {
      evidence: {
        runtime: runtimeOf([{ ...small, maxConnections: 1 }], [{ ...small, maxConnections: 1 }]),
        traces: waiting(30),
        pg,
        host: hostOf(0.2),
        'load-curve': arriving(100),
      },
      finds: [
        expect.objectContaining({
          edit: { kind: 'connection', change: { kind: 'pool-size', from: 1, to: 3 } },
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

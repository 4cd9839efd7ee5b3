/** Requests that wait for a connection while the database is idle, or pools that ask for more than the server has. */
import {
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type PgEvidence,
  type PoolState,
  type TracesEvidence,
} from '@whetstone/model'
import { databaseBusy } from '../derive/database-cpu.ts'
import { countText, fact, msText, percentText } from '../derive/figures.ts'
import {
  connectionsFor,
  coresFor,
  type PoolDemand,
  poolDemand,
  tasksPerCore,
  widestBurst,
} from '../derive/pool-demand.ts'
import { type PoolReading, readPools, usableConnections } from '../derive/pools.ts'
import { poolWords } from '../derive/pool-words.ts'
import { readRoutes } from '../derive/routes.ts'

export const poolSize = definePractice({
  id: 'pool-size',
  chapter: 'database',
  title: 'Size the connection pool for the load',
  why: 'A pool too small makes requests queue for a connection while the database idles; pools that add up to more than the server accepts make it refuse connections.',
  unless: [
    'The database is busy already: more connections then only make it slower.',
    'Each request holds its connection needlessly long, by a loop, a slow statement or a wait for a row that others hold: shorten that first.',
    'Others have the CPU of the machine: a statement that waits for a core holds its connection longer, and a further connection would wait for the same cores.',
    'The service and the database together fill the cores already, or more arrives than they can ever answer: the queue is then the overload itself.',
  ],
  sources: [
    'https://node-postgres.com/guides/pool-sizing',
    'https://github.com/brettwooldridge/HikariCP/wiki/About-Pool-Sizing',
    'https://en.wikipedia.org/wiki/Little%27s_law',
    'https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-MAX-CONNECTIONS',
  ],
  needs: ['runtime'],
  optional: ['traces', 'pg', 'host', 'load-curve'],
  thresholds: {
    waitFraction: {
      value: 0.1,
      unit: 'fraction',
      source: 'a tenth of all request time spent waiting for a connection',
    },
    waitMs: { value: 5, unit: 'ms', source: 'with one request in twenty waiting, the p95 of the wait' },
    leastFraction: {
      value: 0.03,
      unit: 'fraction',
      source: 'a smaller share of all request time is not worth a connection',
    },
    requestsThatWait: { value: 0.05, unit: 'fraction', source: 'one request in twenty, so that the p95 feels it' },
    databaseBusy: { value: 0.7, unit: 'fraction', source: 'above 70 % utilisation queues form in the database itself' },
    coresBusy: {
      value: 0.8,
      unit: 'fraction',
      source: 'service and database together: beyond it more work at once is only slower work',
    },
    machineFull: {
      value: 0.9,
      unit: 'fraction',
      source: 'of the cores, all that runs together: held times are then as long as the line for a core is',
    },
    tinyPool: {
      value: 2,
      unit: 'count',
      source: 'a fifth of what pg opens unasked: so few are a queue at any speed of the machine',
    },
    mainThreadBusy: { value: 0.9, unit: 'fraction', source: 'a full event loop is what requests wait for then' },
    lockFraction: {
      value: 0.2,
      unit: 'fraction',
      source: 'of the sessions at work: a larger pool puts more of them into the same queue for a row',
    },
    stepRatio: {
      value: 4,
      unit: 'ratio',
      source: 'a burst asks for a connection a statement: no knee lies that many times higher before it was measured',
    },
    fullFraction: {
      value: 0.8,
      unit: 'fraction',
      source: 'leaves a fifth for migrations, consoles and a rolling deploy',
    },
  },
  remedy: {
    summary:
      'Find the knee with a sweep of sizes under the real load, and keep processes × pool below what the server accepts.',
    library: 'PgBouncer in transaction mode where processes are many',
    example: {
      language: 'ts',
      before: 'new Pool({ max: 2 })',
      after:
        'new Pool({ max: 12, connectionTimeoutMillis: 2_000 }) // the knee of a sweep 2..50, and 4 processes × 12 < 97',
    },
  },
  detect({ runtime, traces, pg, host, 'load-curve': load }, thresholds) {
    const pools = readPools(runtime)
    if (!pools.main) return notApplicable('no connection pool was seen')
    const usable = pg && usableConnections(pg)
    const over = usable === undefined ? undefined : overCommitted(pools, usable, thresholds.fullFraction)
    const otherwise = (why: string) => (over ? findings([over]) : pass([], why))
    const waits = traces && waitsOf(traces)
    const isWaiting =
      waits !== undefined &&
      (waits.timeFraction >= thresholds.waitFraction ||
        (waits.meanMs >= thresholds.waitMs && waits.timeFraction >= thresholds.leastFraction)) &&
      waits.requestFraction >= thresholds.requestsThatWait
    if (!isWaiting) return otherwise('requests hardly wait for a connection')
    const busy = host && databaseBusy(host)
    if (busy !== undefined && busy >= thresholds.databaseBusy) return otherwise('the database is busy already')
    const lockFraction = pg ? waitingForLocks(pg) : 0
    if (lockFraction >= thresholds.lockFraction)
      return otherwise('connections are held by statements that wait for a lock')
    const { maxConnections } = pools.main
    const seen = traces && poolDemand(traces, load)
    const demand = seen && { ...seen, inUse: seen.inUse * (1 - lockFraction) }
    const cores = host && coresFor(host, runtime, demand && Math.min(demand.inUse, maxConnections * pools.processes))
    if (cores && cores.usedFraction >= thresholds.coresBusy)
      return otherwise('the service and the database fill the cores')
    if (cores && cores.mainThreadFraction >= thresholds.mainThreadBusy) return otherwise('the event loop is full')
    const crowd = host && tasksPerCore(host, thresholds.machineFull)
    const burst = traces ? widestBurst(traces, thresholds.requestsThatWait) : 0
    const fitting =
      crowd === undefined
        ? Math.max(
            // Where the rate is not known, nothing but the next step is.
            demand ? connectionsFor(demand.inUse / pools.processes) : maxConnections * 2,
            Math.min(burst, maxConnections * thresholds.stepRatio),
          )
        : fittingOnFullMachine(pools.main, waits, demand, {
            among: pools.processes * crowd,
            tinyPool: thresholds.tinyPool,
          })
    if (fitting <= maxConnections)
      return otherwise(
        crowd === undefined
          ? 'the pool fits the load: what waits is the backlog of a stall'
          : 'no CPU was left on the machine: connections are held for as long as statements wait for a core',
      )
    const room = Math.min(
      usable === undefined ? Infinity : usable * thresholds.fullFraction,
      cores?.connections ?? Infinity,
    )
    const wanted = Math.min(Math.floor(room / pools.processes), fitting)
    // Raising it is wrong where the pools together already reach what the server has, or its cores can work on.
    if (wanted <= maxConnections) return otherwise('the server has no room for a larger pool')
    const full = crowd === undefined ? undefined : mean(host!.samples.map(sample => sample.cpuBusyFraction))
    return findings([tooSmall(pools, waits, demand, wanted, busy, usable, full), ...(over ? [over] : [])])
  },
})

/**
 * Of the time a connection is held on a full machine only that share counts which the statement would take by itself. A
 * tiny pool is a queue at any speed, where requests wait longer for a connection than they hold it: then the next step.
 */
function fittingOnFullMachine(
  { maxConnections }: PoolState,
  waits: Waits,
  demand: PoolDemand | undefined,
  { among, tinyPool }: { readonly among: number; readonly tinyPool: number },
): number {
  const fitting = demand ? connectionsFor(demand.inUse / among) : 1
  const isQueue = maxConnections <= tinyPool && (demand === undefined || waits.meanMs > demand.heldMs)
  return isQueue ? Math.max(maxConnections * 2, fitting) : fitting
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** Of the sessions found at work; a handful of sightings may be chance. */
function waitingForLocks({ activity: { sessions } }: PgEvidence): number {
  return sessions === undefined || sessions.waitingForLocks < leastLockWaits
    ? 0
    : sessions.waitingForLocks / Math.max(1, sessions.active)
}
const leastLockWaits = 3

interface Waits {
  readonly timeFraction: number
  readonly requestFraction: number
  readonly meanMs: number
}

function waitsOf(traces: TracesEvidence): Waits {
  const routes = [...readRoutes(traces).values()]
  const sum = (of: (route: (typeof routes)[number]) => number) => routes.reduce((total, route) => total + of(route), 0)
  const waited = sum(({ aggregate }) => aggregate.requestsThatWaited)
  // Statements of one request wait side by side; the request itself never waits longer than it takes.
  const waitMs = sum(({ aggregate, totalMs }) => Math.min(aggregate.poolWaitMs, totalMs))
  return {
    timeFraction: Math.min(
      1,
      waitMs /
        Math.max(
          1e-9,
          sum(({ totalMs }) => totalMs),
        ),
    ),
    requestFraction:
      waited /
      Math.max(
        1,
        sum(({ requests }) => requests),
      ),
    meanMs: waited > 0 ? waitMs / waited : 0,
  }
}

function tooSmall(
  pools: PoolReading,
  waits: Waits,
  demand: PoolDemand | undefined,
  wanted: number,
  busy: number | undefined,
  usable: number | undefined,
  fullFraction: number | undefined,
): Finding {
  const pool = pools.main!
  const { make } = poolWords(pool)
  const where = { resource: 'pool', ...(pool.site ? { site: pool.site } : {}) }
  const facts: Fact[] = [
    fact('connections of the pool', pool.maxConnections, 'count', 'runtime'),
    fact('most waiting at once', pool.peakWaiting, 'count', 'runtime'),
    fact('share of request time spent waiting', waits.timeFraction, 'fraction', 'traces'),
    fact('requests that waited', waits.requestFraction, 'fraction', 'traces'),
    ...(demand === undefined
      ? []
      : [
          fact('requests that arrive', demand.arrivalsPerSecond, 'per-second', 'load-curve'),
          fact('time a request holds a connection', demand.heldMs, 'ms', 'traces'),
          fact('connections in use at once by these two', demand.inUse, 'count', 'traces'),
        ]),
    ...(busy === undefined ? [] : [fact('database CPU of the machine', busy, 'fraction', 'host')]),
    ...(fullFraction === undefined ? [] : [fact('cores busy with all that runs', fullFraction, 'fraction', 'host')]),
    ...(usable === undefined ? [] : [fact('connections the server accepts', usable, 'count', 'pg')]),
  ]
  return {
    fingerprint: fingerprintOf('pool-size', { ...where, resource: 'pool too small' }),
    practice: 'pool-size',
    title: `${percentText(waits.requestFraction)} of requests wait ${msText(waits.meanMs)} for one of ${pool.maxConnections} connections`,
    where,
    facts,
    // Without the database's own CPU it may be the database that is slow, and the queue only its shadow.
    confidence: busy === undefined || usable === undefined || fullFraction !== undefined ? 'suspected' : 'strong',
    // A further connection finds no core on a full machine: what it would gain there nobody can say.
    ...(fullFraction === undefined
      ? { edit: { kind: 'connection', change: { kind: 'pool-size', from: pool.maxConnections, to: wanted } } as const }
      : {}),
    remedy: {
      summary: `Try ${wanted} connections instead of ${pool.maxConnections}.`,
      steps: [
        'First shorten what holds a connection: loops of queries, slow statements, calls to others inside a transaction.',
        ...(fullFraction === undefined
          ? []
          : [
              'The machine had no CPU left for what it was asked, so no gain is promised: measure again where the service has its cores to itself.',
            ]),
        ...(demand === undefined || fullFraction !== undefined
          ? []
          : [
              `${countText(demand.arrivalsPerSecond)} requests per second × ${msText(demand.heldMs)} hold ${countText(demand.inUse)} at once on average (the law of Little); the rest is room for chance.`,
            ]),
        `Then measure ${pool.maxConnections}, ${wanted} and one size between under the same load; keep the smallest that no longer waits.`,
        ...(usable === undefined
          ? []
          : [
              `${pools.processes === 1 ? '1 process' : `${pools.processes} processes`} × ${wanted} must stay below the ${usable} connections the server accepts.`,
            ]),
      ],
      code: {
        language: 'ts',
        before: make({ max: pool.maxConnections }),
        after: make({ max: wanted }),
      },
    },
  }
}

/** Pools that may together ask for more than there is; an outage only when they really can. */
function overCommitted(pools: PoolReading, usable: number, fullFraction: number): Finding | undefined {
  if (pools.capacity <= usable * fullFraction) return undefined
  const each = Math.max(1, Math.floor((usable * fullFraction) / Math.max(1, pools.pools.length)))
  const where = { resource: 'max_connections', ...(pools.main?.site ? { site: pools.main.site } : {}) }
  return {
    fingerprint: fingerprintOf('pool-size', where),
    practice: 'pool-size',
    title: `Pools may open ${countText(pools.capacity)} connections; the server accepts ${countText(usable)}`,
    where,
    facts: [
      fact('connections all pools may open', pools.capacity, 'count', 'runtime'),
      fact('pools', pools.pools.length, 'count', 'runtime'),
      fact('connections the server accepts', usable, 'count', 'pg'),
    ],
    confidence: pools.capacity > usable ? 'strong' : 'suspected',
    ...(pools.capacity > usable ? { risk: 'outage' as const } : {}),
    remedy: {
      summary: `Give each of the ${pools.pools.length} pools at most ${each} connections, or put PgBouncer in front.`,
      steps: [
        `${pools.pools.length} pools may open ${pools.capacity} connections together; beyond ${usable} the server answers "too many clients already".`,
        'A rolling deploy runs old and new processes at once: count both.',
      ],
      code: { language: 'ts', after: poolWords(pools.main ?? {}).make({ max: each }) },
    },
  }
}

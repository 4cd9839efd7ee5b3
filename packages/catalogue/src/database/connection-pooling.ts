/** A new database connection per request, where a pool would hand out an open one. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type Site,
  type StatementsEvidence,
} from '@whetstone/model'
import { countText, fact, msText, percentText } from '../derive/figures.ts'
import { readPools } from '../derive/pools.ts'
import { type RouteReading, readRoutes } from '../derive/routes.ts'
import { statementsById } from '../derive/statements.ts'

export const connectionPooling = definePractice({
  id: 'connection-pooling',
  chapter: 'database',
  title: 'Take connections from a pool',
  why: 'Opening a connection costs a TCP and a password handshake and a new PostgreSQL process, often more than the query it is opened for.',
  unless: [
    'The process lives for one request only, as in some serverless functions: then a pooler belongs in front of the database.',
    'The connection is needed for itself, as for LISTEN or a session lock.',
  ],
  sources: ['https://node-postgres.com/features/pooling', 'https://www.postgresql.org/docs/current/connect-estab.html'],
  needs: ['traces'],
  optional: ['runtime', 'pg', 'statements'],
  thresholds: {
    connectsPerRequest: { value: 0.05, unit: 'ratio', source: 'a warm pool opens none; one in twenty is no warm-up' },
    idleMs: {
      value: 1_000,
      unit: 'ms',
      source: 'pg-pool keeps idle connections for 10 s; below one second a pool forgets them',
    },
    timeFraction: { value: 0.05, unit: 'fraction', source: 'share of the request spent connecting that a p95 shows' },
  },
  remedy: {
    summary: 'Make one pool when the process starts, and take connections from it.',
    library: 'pg.Pool or the Pool of @whetstone/runtime/data, or PgBouncer in front of many short-lived processes',
    example: {
      language: 'ts',
      before: `const client = new Client(url)
await client.connect()          // in the handler: once per request
const { rows } = await client.query(sql)
await client.end()`,
      after: `const pool = new Pool({ connectionString: url, max: 10 })  // once, at start
const { rows } = await pool.query(sql)`,
    },
    withRuntime: `import { Pool } from '@whetstone/runtime/data'

// Once, at start. What pg.Pool does, and statements that come again are prepared, every wait ends, pool.advice() knows the size.
const pool = new Pool({ connectionString: url, max: 10 })
const { rows } = await pool.query(sql)`,
  },
  detect({ traces, runtime, pg, statements }, thresholds) {
    const routes = [...readRoutes(traces).values()]
    const pools = runtime && readPools(runtime)
    const connects = routes.reduce((sum, { aggregate }) => sum + aggregate.connects, 0)
    if (connects === 0)
      return routes.some(({ aggregate }) => aggregate.databaseMs > 0)
        ? pass([fact('connections opened by requests', 0, 'count', 'traces')], 'requests open no connections')
        : notApplicable('no request uses the database')
    if (pg?.activity.outages?.length)
      return pass([], 'the database was gone for a while: connections were opened again')
    // A pool that grows to its size opens each of its connections once, and throws one away with every failure.
    const failures = routes.reduce((sum, { aggregate }) => sum + aggregate.errors, 0)
    if (connects <= (pools?.capacity ?? 0) + failures)
      return pass([], 'only as many connections were opened as the pools hold')
    const found = routes.flatMap(route => {
      const perRequest = Math.max(0, route.aggregate.connects - route.aggregate.errors) / route.requests
      const timeFraction = route.aggregate.connectMs / Math.max(1e-9, route.totalMs)
      const isChurn = perRequest >= thresholds.connectsPerRequest && timeFraction >= thresholds.timeFraction
      return isChurn ? [{ route, perRequest, timeFraction }] : []
    })
    if (found.length === 0) return pass([], 'connecting takes next to no time')
    const settings = statements ? settingsCalls(statements) : 0
    // A pool elsewhere in the process is no excuse: only one that forgets its connections opens them anew.
    const idleMs = pools?.main?.idleTimeoutMs
    const forgets = idleMs !== undefined && idleMs > 0 && idleMs < thresholds.idleMs
    const poolIdleMs = forgets ? idleMs : undefined
    return findings(found.map(churn => describe(churn, poolIdleMs, pg?.activity.newConnections, settings)))
  },
})

interface Churn {
  readonly route: RouteReading
  readonly perRequest: number
  readonly timeFraction: number
}

/** SET statements come in a burst with each new connection of many ORMs: a second sign of churn. */
function settingsCalls(statements: StatementsEvidence): number {
  const byId = statementsById(statements)
  return statements.uses.reduce(
    (sum, use) => sum + (byId.get(use.statementId)?.shape?.operation === 'set' ? use.calls : 0),
    0,
  )
}

function describe(
  { route, perRequest, timeFraction }: Churn,
  poolIdleMs: number | undefined,
  newConnections: number | undefined,
  settings: number,
): Finding {
  const site = siteOfConnect(route)
  const where = { route: route.route, ...(site ? { site } : {}), resource: 'connections' }
  const perConnectMs = route.aggregate.connectMs / route.aggregate.connects
  return {
    fingerprint: fingerprintOf('connection-pooling', where),
    practice: 'connection-pooling',
    title: `${countText(perRequest)} new database ${perRequest === 1 ? 'connection' : 'connections'} per request, ${msText(perConnectMs)} each`,
    where,
    facts: [
      fact('connections opened per request', perRequest, 'ratio', 'traces'),
      fact('time to open one', perConnectMs, 'ms', 'traces'),
      fact('share of the request spent connecting', timeFraction, 'fraction', 'traces'),
      ...(newConnections === undefined ? [] : [fact('new server processes seen', newConnections, 'count', 'pg')]),
      ...(settings > 0 ? [fact('SET statements', settings, 'count', 'statements')] : []),
    ],
    confidence: 'strong',
    edit: { kind: 'connection', change: { kind: 'reuse' }, route: route.route },
    remedy:
      poolIdleMs !== undefined
        ? {
            summary: `Keep idle connections longer than ${msText(poolIdleMs)}.`,
            steps: [
              'There is a pool, but its connections are closed before the next request needs them.',
              `Connecting takes ${percentText(timeFraction)} of the request.`,
            ],
            code: { language: 'ts', after: 'new Pool({ max: 10, idleTimeoutMillis: 30_000 })' },
          }
        : {
            summary: 'Make one pool when the process starts, and take connections from it.',
            steps: [
              ...(site?.[0]
                ? [`The connection is used at ${site[0].file}:${site[0].line}; it was opened just before.`]
                : []),
              `Connecting takes ${percentText(timeFraction)} of the request.`,
              'Use pool.query() for single statements; pool.connect() with release() in finally for transactions.',
            ],
            code: {
              language: 'ts',
              before: 'const client = new Client(url)\nawait client.connect()',
              after:
                'const pool = new Pool({ connectionString: url, max: 10 }) // once, outside every handler\nconst { rows } = await pool.query(sql, values)',
            },
          },
  }
}

/** Where it is opened, or else where the first query on it is run: a line or two below. */
function siteOfConnect({ traces }: RouteReading): Site | undefined {
  for (const { spans } of traces) {
    const connect = spans.find(span => span.kind === 'connect')
    const site =
      (connect?.site?.length ? connect.site : undefined) ??
      spans.find(span => connect && span.kind === 'query' && span.startMs >= connect.startMs && span.site?.length)?.site
    if (site) return site
  }
  return undefined
}

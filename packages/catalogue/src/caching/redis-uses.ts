/** Tables that do what a store in memory is made for: a session written by every request, a counter of requests, a list of the best. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type RouteName,
  type Statement,
  type StatementsEvidence,
  type StatementUse,
  type TracesEvidence,
} from '@whetstone/model'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { readRoutes } from '../derive/routes.ts'

export const redisUses = definePractice({
  id: 'redis-uses',
  chapter: 'caching',
  title: 'Use Redis for sessions, rate limits, leaderboards',
  why: 'A row that every request writes costs a commit and leaves a dead version each time; a list of the best is sorted anew for every reader. In memory both are one short command.',
  unless: [
    'The rows are read and hardly ever written: then they are cheap where they are.',
    'The data must survive whatever happens, as an audit of logins must.',
    'The service has one process: a map in it does the same with nothing to run.',
  ],
  sources: [
    'https://redis.io/docs/latest/develop/data-types/sorted-sets/',
    'https://www.postgresql.org/docs/current/routine-vacuuming.html',
    'https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html',
  ],
  needs: ['traces', 'statements'],
  thresholds: {
    requestFraction: {
      value: 0.5,
      unit: 'fraction',
      source: 'what not even every second request does is no habit of the service',
    },
    timeFraction: {
      value: 0.1,
      unit: 'fraction',
      source: 'a tenth of the time of the requests, as for repeated queries',
    },
    routes: {
      value: 2,
      unit: 'count',
      source: 'a table of one route is its subject (sessions of a conference), not its keeper of sessions',
    },
    topMs: { value: 5, unit: 'ms', source: 'a list found by an index takes less than a millisecond' },
  },
  remedy: {
    summary: 'Keep sessions, counters of requests and leaderboards in Redis.',
    library: '@whetstone/runtime/redis Sessions and Leaderboard',
    example: {
      language: 'ts',
      before: `const { rows } = await pool.query('SELECT data FROM sessions WHERE sid = $1', [sid])
await pool.query('UPDATE sessions SET expires_at = $2 WHERE sid = $1', [sid, inHalfAnHour()])`,
      after: `const data = JSON.parse(await redis.getex(\`session:\${sid}\`, 'EX', 1_800)) // read and prolonged in one round trip`,
    },
    withRuntime: `import { Sessions } from '@whetstone/runtime/redis'
import { createClient } from 'redis'
const client = createClient({ url })
await client.connect()
const sessions = new Sessions<{ user: number }>(client, { secrets: [secret] })
const session = await sessions.get(request.cookies.session ?? '') // undefined for an id that was made up`,
  },
  detect({ traces, statements }, thresholds) {
    const uses = tableUses(statements)
    if (uses.length === 0) return notApplicable('no statement of a request is known')
    const found = [
      ...perRequest(uses, traces, thresholds, sessionTable, sessions),
      ...perRequest(uses, traces, thresholds, limitTable, rateLimits),
      ...leaderboards(uses, traces, thresholds),
    ]
    return found.length > 0
      ? findings(found)
      : pass([], 'no table keeps sessions, counts requests or ranks a hot score')
  },
})

interface TableUse {
  readonly table: string
  readonly statement: Statement
  readonly use: StatementUse
}

type Limits = Readonly<Record<'requestFraction' | 'timeFraction' | 'routes' | 'topMs', number>>

function tableUses({ statements, uses }: StatementsEvidence): readonly TableUse[] {
  const byId = new Map(statements.map(statement => [statement.id, statement]))
  return uses.flatMap(use => {
    const statement = byId.get(use.statementId)
    if (!statement?.shape || use.route === '') return []
    return statement.shape.tables.map(table => ({ table, statement, use }))
  })
}

const sessionTable = /^(?:\w+\.)?(?:\w+_)?sessions?$/i
const limitTable =
  /^(?:\w+\.)?(?:\w*_)?(?:rate_?limits?|throttles?|throttling|request_(?:counts?|counters?|log)|api_(?:usage|calls))(?:_\w+)?$/i

interface Kind {
  readonly title: (perRequest: number, requestFraction: number) => string
  readonly summary: string
  readonly steps: readonly string[]
  readonly code: string
}

const sessions: Kind = {
  title: (times, fraction) =>
    `the session is a row that ${percentText(fraction)} of the requests write, ${countText(times)} statements each`,
  summary: 'Keep sessions in Redis, which forgets them by itself.',
  steps: [
    'Each of these writes is a commit, and leaves a dead row that vacuum has to clear away.',
    'Move them without logging anybody out: read from Redis first and from the table where it is not there, for as long as a session lives.',
  ],
  code: `import { expressSessionStore, Sessions } from '@whetstone/runtime/redis'

const sessions = new Sessions(client, { secrets: [secret] })
app.use(session({ secret, resave: false, saveUninitialized: false, store: expressSessionStore(session.Store, sessions) }))`,
}

const rateLimits: Kind = {
  title: (times, fraction) =>
    `requests are counted in rows: ${percentText(fraction)} of them write one, ${countText(times)} statements each`,
  summary: 'Count requests in Redis, or in the process where one is all there is.',
  steps: [
    'All requests of one client wait for the lock of one row, in the very moment in which it sends most.',
    'INCR with an expiry is atomic and needs no clearing up.',
  ],
  code: `const window = \`limit:\${client}:\${Math.floor(Date.now() / 60_000)}\`
const [[, count]] = await redis.multi().incr(window).expire(window, 120).exec()`,
}

/** One finding for a table that most requests of several routes write. */
function perRequest(
  uses: readonly TableUse[],
  traces: TracesEvidence,
  limits: Limits,
  tables: RegExp,
  kind: Kind,
): readonly Finding[] {
  const routes = readRoutes(traces)
  const allRequests = [...routes.values()].reduce((sum, { requests }) => sum + requests, 0)
  const allMs = [...routes.values()].reduce((sum, { totalMs }) => sum + totalMs, 0)
  const names = new Set(uses.map(({ table }) => table).filter(table => tables.test(table)))
  return [...names].flatMap(table => {
    // A route about sessions manages them.
    const own = uses.filter(one => one.table === table && !/session/i.test(one.use.route))
    const writes = own.filter(({ statement }) => /^(insert|update)$/.test(statement.shape!.operation))
    const writing = byRoute(writes)
    const requests = [...writing].reduce(
      (sum, [route, made]) => sum + Math.min(made, routes.get(route)?.requests ?? 0),
      0,
    )
    const totalMs = own.reduce((sum, { use }) => sum + use.totalMs + use.poolWaitMs, 0)
    const [requestFraction, timeFraction] = [requests / allRequests, totalMs / allMs]
    const isHabit = writing.size >= limits.routes && requestFraction >= limits.requestFraction
    if (!isHabit || !(timeFraction >= limits.timeFraction)) return []
    const calls = own.reduce((sum, { use }) => sum + use.calls, 0)
    return [findingOf(table, writes[0]!, kind, { requests, requestFraction, timeFraction, totalMs, calls })]
  })
}

function byRoute(writes: readonly TableUse[]): ReadonlyMap<RouteName, number> {
  const requests = new Map<RouteName, number>()
  for (const { use } of writes) requests.set(use.route, Math.max(requests.get(use.route) ?? 0, use.requests))
  return requests
}

interface Cost {
  readonly requests: number
  readonly requestFraction: number
  readonly timeFraction: number
  readonly totalMs: number
  readonly calls: number
}

function findingOf(table: string, { statement, use }: TableUse, kind: Kind, cost: Cost): Finding {
  const where = {
    statementId: statement.id,
    resource: table,
    ...(use.site && { site: use.site }),
  }
  return {
    fingerprint: fingerprintOf('redis-uses', where),
    practice: 'redis-uses',
    title: kind.title(Math.round(cost.calls / cost.requests), cost.requestFraction),
    where,
    facts: [
      fact('requests that write it', cost.requestFraction, 'fraction', 'statements'),
      fact('share of the time of all requests', cost.timeFraction, 'fraction', 'statements'),
      fact('time for each request', cost.totalMs / cost.requests, 'ms', 'statements'),
    ],
    confidence: 'strong',
    remedy: { summary: kind.summary, steps: kind.steps, code: { language: 'ts', after: kind.code } },
  }
}

/** The best of a column that the same load writes: an index on it is written with every score, and none makes the list ready. */
function leaderboards(uses: readonly TableUse[], traces: TracesEvidence, limits: Limits): readonly Finding[] {
  const routes = readRoutes(traces)
  const allMs = [...routes.values()].reduce((sum, { totalMs }) => sum + totalMs, 0)
  return uses.flatMap(({ table, statement, use }) => {
    const { shape } = statement
    const order = shape?.orderBy[0]
    if (shape?.operation !== 'select' || !order?.descending || order.table !== table || !shape.hasLimit) return []
    const meanMs = use.totalMs / use.calls
    if (shape.tables.length > 1 || shape.hasWhere || meanMs < limits.topMs || use.totalMs / allMs < limits.timeFraction)
      return []
    const scores = uses.filter(other => other.table === table && other.statement.shape?.operation === 'update' && setsColumn(other.statement, order.column)) // prettier-ignore
    const written = scores.reduce((sum, one) => sum + one.use.calls, 0)
    if (written < use.calls) return []
    const where = {
      route: use.route,
      statementId: statement.id,
      ...(use.site && { site: use.site }),
    }
    return [
      {
        fingerprint: fingerprintOf('redis-uses', where),
        practice: 'redis-uses',
        title: `the best of ${table} by ${order.column}, sorted anew for every reader: ${msText(meanMs)}`,
        where,
        facts: [
          fact('time of each list', meanMs, 'ms', 'statements'),
          fact('share of the time of all requests', use.totalMs / allMs, 'fraction', 'statements'),
          fact('scores written meanwhile', written, 'count', 'statements'),
        ],
        confidence: 'suspected' as const,
        remedy: {
          summary: 'Keep the ranks in a sorted set, and the table for what must last.',
          steps: [
            `\`${excerpt(statement.text)}\` runs over scores that change faster than they are read.`,
            'An index on the score helps too, and is written with every one of them; of ranks ("how many are better") it helps little.',
          ],
          code: {
            language: 'ts' as const,
            after: `import { Leaderboard } from '@whetstone/runtime/redis'

const board = new Leaderboard(client, { key: 'board:${table}' })
await board.submit(player, score)
const best = await board.top(20)`,
          },
        },
      },
    ]
  })
}

function setsColumn({ text }: Statement, column: string): boolean {
  const [, set = ''] = /\bSET\b(.*?)(?:\bWHERE\b|$)/is.exec(text) ?? []
  return new RegExp(`(?:^|[\\s,"(])${column}"?\\s*=`, 'i').test(set)
}

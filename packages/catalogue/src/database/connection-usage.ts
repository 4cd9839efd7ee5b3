/** How near the server is to having no connection left: too many in use, ever more of them, or held in a transaction that nobody works in. */
import {
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  pass,
  type PgEvidence,
  type PgIdleTransaction,
  type PgSessions,
  placeText,
  type RuntimeEvidence,
  type StatementsEvidence,
  unknown,
} from '@whetstone/model'
import { median } from '@whetstone/stats'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { leaks } from '../derive/held-connections.ts'
import { readPools, usableConnections } from '../derive/pools.ts'
import { siteOf } from '../derive/statements.ts'

export const connectionUsage = definePractice({
  id: 'connection-usage',
  chapter: 'database',
  title: 'Watch how many connections are in use',
  why: 'The server gives out a fixed number of connections to everybody together. When they are gone it refuses the next one, whoever asks: a deploy, a console, or the job that would have helped.',
  unless: [
    'A pooler in front holds the connections open on purpose and shares them out.',
    'The database serves one service alone, whose pools are as large as they were meant to be.',
  ],
  sources: [
    'https://github.com/ankane/pghero',
    'https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-MAX-CONNECTIONS',
    'https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW',
  ],
  needs: ['pg'],
  optional: ['runtime', 'statements'],
  thresholds: {
    fullFraction: {
      value: 0.8,
      unit: 'fraction',
      source: 'leaves a fifth for migrations, consoles and a rolling deploy, as pool-size does',
    },
    manyConnections: { value: 500, unit: 'count', source: 'PgHero total connections' },
    growth: { value: 5, unit: 'count', source: 'fewer may be jobs that came and stayed for a while' },
    idleMs: { value: 5_000, unit: 'ms', source: 'no request thinks for five seconds between two statements' },
  },
  remedy: {
    summary: 'Bound what every process may open, and raise an alarm at 80 % of what the server gives out.',
    library: '@whetstone/runtime/data pool counters, or PgBouncer in front',
    example: {
      language: 'sql',
      before: 'FATAL: sorry, too many clients already',
      after: `SELECT state, count(*), max(now() - state_change) AS longest   -- on a dashboard
FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY state;
ALTER SYSTEM SET idle_in_transaction_session_timeout = '30s';`,
    },
  },
  detect({ pg, runtime, statements }, thresholds, overrides) {
    const usable = usableConnections(pg)
    if (usable === undefined)
      return unknown(
        ['pg'],
        'the server was gone before it told how many connections it accepts',
        'a database that stays up',
      )
    const { peakConnections, sessions } = pg.activity
    const growing = sessions && growthOf(sessions, runtime, thresholds.growth)
    // Pools that are too large for the server are the finding of pool-size: one cause, one practice.
    const { fullFraction = thresholds.fullFraction } = overrides('pool-size')
    const isExplained = runtime !== undefined && readPools(runtime).capacity > usable * fullFraction
    const crowded =
      (peakConnections >= usable * thresholds.fullFraction || peakConnections >= thresholds.manyConnections) &&
      !isExplained
    // A connection that was not given back is the finding of pool-leak, which knows the line that took it.
    const leaked = runtime === undefined ? [] : leaks(runtime, statements, 0)
    const { connections: leastLeaked = leastOfLeak } = overrides('pool-leak')
    const isLeak = (statementId: string | undefined): boolean =>
      statementId !== undefined &&
      leaked.some(({ held }) => held.statementId === statementId && held.connections >= leastLeaked)
    // A console in which somebody typed BEGIN is none of the service's.
    const lying = (sessions?.idleTransactions ?? []).filter(
      ({ longestIdleMs, last }) =>
        longestIdleMs >= thresholds.idleMs &&
        (statements === undefined || last.statementId !== undefined) &&
        !isLeak(last.statementId),
    )
    const found = [
      ...(growing ? [describeGrowth(growing, pg, usable)] : []),
      // What grows fills up in the end: one cause, and the growth names it.
      ...(crowded && !growing ? [describeCrowd(pg, usable, runtime, statements)] : []),
      ...lying.slice(0, idleAtMost).map(one => describeIdle(one, statements)),
    ]
    const share = fact('connections in use, of those the server gives out', peakConnections / usable, 'fraction', 'pg')
    return found.length > 0 ? findings(found) : pass([share], 'there is room, and nobody sits on a transaction')
  },
})

const idleAtMost = 3
/** As `connections` of pool-leak. */
const leastOfLeak = 2

interface Growth {
  readonly first: number
  readonly last: number
}

/** Only what the pools cannot explain: a pool that fills up to its size stops there. */
function growthOf(
  { connections }: PgSessions,
  runtime: RuntimeEvidence | undefined,
  least: number,
): Growth | undefined {
  if (runtime === undefined || connections.length < 10) return undefined
  const fifth = Math.floor(connections.length / 5)
  const parts = [0, 1, 2, 3, 4].map(part => median(connections.slice(part * fifth, (part + 1) * fifth)))
  const [first, last] = [parts[0]!, parts[4]!]
  const neverFalls = parts.every((count, at) => at === 0 || count >= parts[at - 1]!)
  // A pool of a kind the probe does not know fills up at once and then stays.
  const goesOn = parts[2]! > first && last > parts[2]!
  if (!neverFalls || !goesOn || last - first < least || last <= readPools(runtime).capacity) return undefined
  return { first, last }
}

function describeGrowth(growth: Growth, { activity }: PgEvidence, usable: number): Finding {
  // The medians of the first and of the last fifth stand four fifths of the window apart.
  const perMinute = ((growth.last - growth.first) / (activity.windowMs * 0.8)) * 60_000
  const leftMs = (Math.max(0, usable - growth.last) / perMinute) * 60_000
  const where = { resource: 'growing connections' }
  return {
    fingerprint: fingerprintOf('connection-usage', where),
    practice: 'connection-usage',
    title: `Connections grow by ${countText(Math.round(perMinute))} a minute; the server is full in ${msText(leftMs)}`,
    where,
    facts: [
      fact('connections at first', growth.first, 'count', 'pg'),
      fact('connections at last', growth.last, 'count', 'pg'),
      fact('connections the server gives out', usable, 'count', 'pg'),
      fact('time until they are gone', leftMs, 'ms', 'pg'),
    ],
    confidence: 'strong',
    risk: 'outage',
    remedy: {
      summary: 'Find where connections are opened outside a pool, and close them on every way out.',
      steps: [
        'They grew all through the window, beyond what the pools of the service may open: something makes a Client, or a whole Pool, and does not end it.',
        'A pool is made once, when the process starts; a single Client needs end() in finally.',
        'idle_session_timeout on the server bounds what is forgotten until then.',
      ],
      code: {
        language: 'ts',
        before: 'const client = new Client(url)\nawait client.connect()\nawait work(client) // throws: never ended',
        after:
          'const pool = new Pool({ connectionString: url, max: 10 }) // once, at start\n\nconst client = await pool.connect()\ntry {\n  await work(client)\n} finally {\n  client.release()\n}',
      },
    },
  }
}

function describeCrowd(
  { activity }: PgEvidence,
  usable: number,
  runtime: RuntimeEvidence | undefined,
  statements: StatementsEvidence | undefined,
): Finding {
  const { peakConnections, connections, idleInTransaction } = activity
  const pools = runtime && readPools(runtime)
  const lost = runtime ? leaks(runtime, statements, 0).reduce((sum, { held }) => sum + held.connections, 0) : 0
  const where = { resource: 'connections in use', ...(pools?.main?.site ? { site: pools.main.site } : {}) }
  const facts: Fact[] = [
    fact('most connections at once', peakConnections, 'count', 'pg'),
    fact('connections the server gives out', usable, 'count', 'pg'),
    fact('usual connections', connections, 'count', 'pg'),
    fact('idle in a transaction', idleInTransaction, 'count', 'pg'),
    ...(pools ? [fact('connections the pools of the service may open', pools.capacity, 'count', 'runtime')] : []),
  ]
  return {
    fingerprint: fingerprintOf('connection-usage', { resource: where.resource }),
    practice: 'connection-usage',
    title: `${countText(peakConnections)} of ${countText(usable)} connections are in use, ${percentText(peakConnections / usable)}`,
    where,
    facts,
    confidence: 'strong',
    ...(peakConnections >= usable * 0.95 ? { risk: 'outage' as const } : {}),
    remedy: {
      summary: 'Bound what each process may open, or put PgBouncer in front.',
      steps: [
        `Beyond ${countText(usable)} the server answers "too many clients already"; a rolling deploy runs old and new processes at once.`,
        ...(lost > 0 ? [`${countText(lost)} of them are taken and not given back: close that leak first.`] : []),
        ...(pools && peakConnections > pools.capacity
          ? [`The pools of the service may open ${countText(pools.capacity)}; the others are opened by somebody else.`]
          : []),
        'Watch it with an alarm at 80 %: the first sign is then not a refused connection.',
      ],
      code: {
        language: 'sql',
        after: `SELECT application_name, state, count(*) FROM pg_stat_activity
WHERE backend_type = 'client backend' GROUP BY 1, 2 ORDER BY 3 DESC;`,
      },
    },
  }
}

function describeIdle(one: PgIdleTransaction, statements: StatementsEvidence | undefined): Finding {
  const { statementId } = one.last
  const site = statementId === undefined ? undefined : siteOf('', statementId, statements)
  const where = {
    resource: 'idle transaction',
    ...(statementId === undefined ? {} : { statementId }),
    ...(site ? { site } : {}),
  }
  return {
    fingerprint: fingerprintOf('connection-usage', where),
    practice: 'connection-usage',
    title: `A transaction lies idle for ${msText(one.longestIdleMs)} on ${one.sessions === 1 ? 'a connection' : `${countText(one.sessions)} connections`}`,
    where,
    facts: [
      fact('longest idle in a transaction', one.longestIdleMs, 'ms', 'pg'),
      fact('connections', one.sessions, 'count', 'pg'),
    ],
    // Without the service's statements it may be somebody's console.
    confidence: statementId === undefined ? 'suspected' : 'strong',
    ...(statementId === undefined ? {} : { risk: 'outage' as const }),
    remedy: {
      summary: 'End the transaction on every way out, and let the server end the forgotten ones.',
      steps: [
        `Its last statement was \`${excerpt(one.last.text)}\`${site ? `, at ${placeText(site)}` : ''}.`,
        'Until it ends, its rows stay locked and VACUUM keeps every row that died since it began.',
        'A connection that goes back to the pool in the middle of a transaction takes the transaction along: ROLLBACK before release().',
      ],
      code: { language: 'sql', after: "ALTER DATABASE app SET idle_in_transaction_session_timeout = '30s';" },
    },
  }
}

/** Thousands of rows fetched per request without a limit, whether or not anybody sees them; of an export, a result held in memory whole. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type PgEvidence,
  type Statement,
  type StatementsEvidence,
} from '@whetstone/model'
import { type AnswerReading, readAnswer } from '../derive/answers.ts'
import { indexesOf, tableOf } from '../derive/columns.ts'
import { countText, excerpt, fact, percentText } from '../derive/figures.ts'
import { quoted } from '../derive/index-sql.ts'
import { resultSetThresholds } from '../derive/page-limits.ts'
import { readRoutes, type RouteReading } from '../derive/routes.ts'
import { rowBytesOf } from '../derive/row-bytes.ts'
import { codeOf, oneLine, outermost } from '../derive/sql-code.ts'
import { type RouteUse, routeUses } from '../derive/statement-time.ts'
import { readsRows, siteOf, statementsById } from '../derive/statements.ts'

/** What a page of a list holds when nobody says otherwise. */
const PAGE_ROWS = 100

export const limitResultSets = definePractice({
  id: 'limit-result-sets',
  chapter: 'database',
  title: 'Limit what a query returns',
  why: 'Every row costs the database, the wire and the event loop, which parses it in one piece; without a LIMIT the cost grows with the table until a request takes the process down.',
  unless: [
    'It is an export that is meant to be whole, and the answer is written while its rows are read.',
    'The condition bounds the rows, as a list of keys does.',
  ],
  sources: ['https://www.postgresql.org/docs/current/queries-limit.html', 'https://node-postgres.com/apis/cursor'],
  needs: ['statements', 'traces'],
  optional: ['pg', 'http-probe'],
  thresholds: {
    ...resultSetThresholds,
    exportRows: {
      value: 20_000,
      unit: 'rows',
      source:
        'of an export that is built in memory: at a few hundred bytes a row as an object, several megabytes a request',
    },
    lostRows: { value: 200, unit: 'rows', source: 'below it fetching too much is cheap' },
    lostRatio: {
      value: 10,
      unit: 'ratio',
      source: 'ten rows fetched for each item sent are filtered in the wrong place',
    },
    timeFraction: {
      value: 0.05,
      unit: 'fraction',
      source: 'share of the time of the route without its waits for a connection',
    },
  },
  remedy: {
    summary: 'Let the database filter, aggregate and cut: a default LIMIT, and a cap on what a client may ask for.',
    example: {
      language: 'ts',
      before: `const orders = await db.query('SELECT * FROM orders')
return orders.filter(order => order.status === 'open').slice(0, 20)`,
      after: `const limit = Math.min(Number(query.limit ?? 20), 100)
return db.query('SELECT * FROM orders WHERE status = $1 ORDER BY id LIMIT $2', ['open', limit])`,
    },
    withRuntime: `import { ndjsonStream } from '@whetstone/runtime/data'

// Where every row is wanted: two batches in memory, written as fast as the client reads, given up when it leaves.
return reply.type('application/x-ndjson').send(ndjsonStream(pool, 'SELECT * FROM orders ORDER BY id'))`,
  },
  detect({ statements, traces, pg, 'http-probe': probes }, thresholds) {
    const byId = statementsById(statements)
    const routes = readRoutes(traces)
    if (routeUses(statements).length === 0) return notApplicable('no statement was measured')
    const found = routeUses(statements).flatMap(use => {
      const statement = byId.get(use.statementId)
      const route = routes.get(use.route)
      if (!statement || !route || !isUnlimited(statement) || use.calls === 0) return []
      const rows = use.rows / use.calls
      const answer = readAnswer(use.route, probes, traces)
      // Who knows the length of an export before its first byte holds all of it.
      const isHeldWhole = answer.isExport && answer.isOfKnownLength && rows >= thresholds.exportRows
      if ((answer.isExport && !isHeldWhole) || use.totalMs < route.workMs * thresholds.timeFraction) return []
      const width = pg && rowBytesOf(statement, pg)
      const fetched = width && (use.rows / Math.max(1, use.requests)) * width.rowBytes
      // Rows of a join may all be in the answer, nested: only when most of the bytes are gone too, rows were thrown away.
      const isLost =
        rows >= thresholds.lostRows &&
        answer.items !== undefined &&
        rows >= answer.items * thresholds.lostRatio &&
        fetched !== undefined &&
        answer.bodyBytes !== undefined &&
        fetched >= answer.bodyBytes * 4
      if (rows <= thresholds.rows && !isLost) return []
      const unlimited = { use, statement, route, answer, rows, rowBytes: width?.rowBytes }
      return [isHeldWhole ? describeExport(unlimited, statements) : describe(unlimited, statements, pg)]
    })
    return found.length > 0 ? findings(found) : pass([], 'requests fetch no more than a page of rows')
  },
})

function isUnlimited(statement: Statement): boolean {
  const { shape } = statement
  if (!shape || shape.hasLimit || !readsRows(statement)) return false
  return !(shape.hasAggregate && !shape.groupBy) && !shape.conditions.some(({ operator }) => operator === 'in')
}

interface Unlimited {
  readonly use: RouteUse
  readonly statement: Statement
  readonly route: RouteReading
  readonly answer: AnswerReading
  readonly rows: number
  readonly rowBytes: number | undefined
}

function describe(
  { use, statement, route, answer, rows, rowBytes }: Unlimited,
  statements: StatementsEvidence,
  pg: PgEvidence | undefined,
): Finding {
  const site = siteOf(use.route, statement.id, statements)
  const where = { route: use.route, statementId: statement.id, ...(site ? { site } : {}) }
  const link = { statementId: statement.id }
  const kept = answer.items !== undefined && answer.items < rows / 2 ? answer.items : undefined
  const perRequest = use.rows / Math.max(1, use.requests)
  const bytes = rowBytes ?? 100
  return {
    fingerprint: fingerprintOf('limit-result-sets', where),
    practice: 'limit-result-sets',
    title: `${countText(rows)} rows fetched at once${kept === undefined ? ' without a LIMIT' : ` for an answer of ${countText(kept)}`}`,
    where,
    facts: [
      fact('rows per call', rows, 'rows', 'statements', link),
      ...(answer.items === undefined ? [] : [fact('items in the answer', answer.items, 'count', 'http-probe', link)]),
      fact('time of a call', use.totalMs / use.calls, 'ms', 'statements', link),
      fact('share of the route time', Math.min(1, use.totalMs / route.totalMs), 'fraction', 'traces', link),
    ],
    confidence: 'strong',
    edit: {
      kind: 'bytes',
      route: use.route,
      bytesBefore: Math.round(perRequest * bytes),
      bytesAfter: Math.round(Math.min(perRequest, kept ?? PAGE_ROWS) * bytes),
      statementId: statement.id,
    },
    remedy: {
      summary:
        kept === undefined
          ? 'Give the statement a LIMIT and the route a page, with a cap on what a client may ask for.'
          : 'Filter, aggregate and cut in the statement instead of in the code behind it.',
      steps: [
        `"${excerpt(statement.text, 110)}" returns ${countText(rows)} rows each time and takes ${percentText(Math.min(1, use.totalMs / route.totalMs))} of the route.`,
        'The number grows with the table: today’s time is the best it will ever be.',
        'Where all rows are needed, read them by a cursor in batches and stream the answer.',
      ],
      ...codeOf('sql', oneLine(statement.text), limited(statement, pg)),
    },
  }
}

/** No prediction: as many bytes are sent afterwards, and as fast; what is gone is the memory. */
function describeExport({ use, statement, route, answer, rows }: Unlimited, statements: StatementsEvidence): Finding {
  const site = siteOf(use.route, statement.id, statements)
  const where = { route: use.route, statementId: statement.id, ...(site ? { site } : {}) }
  const link = { statementId: statement.id }
  return {
    fingerprint: fingerprintOf('limit-result-sets', where),
    practice: 'limit-result-sets',
    title: `${countText(rows)} rows of an export held in memory before the first is sent`,
    where,
    facts: [
      fact('rows per call', rows, 'rows', 'statements', link),
      ...(answer.bodyBytes === undefined ? [] : [fact('the answer', answer.bodyBytes, 'bytes', 'http-probe', link)]),
      fact('time of a call', use.totalMs / use.calls, 'ms', 'statements', link),
      fact('share of the route time', Math.min(1, use.totalMs / route.totalMs), 'fraction', 'traces', link),
    ],
    confidence: 'strong',
    remedy: {
      summary: 'Read the rows through a cursor and write them as they come.',
      steps: [
        `"${excerpt(statement.text, 110)}" returns ${countText(rows)} rows at once, and the answer says its length before its first byte: rows and text are in memory whole, for every request at the same time.`,
        'A cursor keeps two batches in memory, and reads on only when the client does.',
        'Each stream holds a connection until its end: bound how many run at once, and give them a pool of their own.',
      ],
      code: {
        language: 'ts',
        before: 'reply.send(toText((await pool.query(sql)).rows))',
        after: `// a row at a time by pg-query-stream, or by @whetstone/runtime/data:
reply.type('application/x-ndjson').send(ndjsonStream(pool, sql))`,
      },
    },
  }
}

/** Undefined where nothing says in which order to cut, because any hundred rows are not a page. */
function limited({ text, shape }: Statement, pg: PgEvidence | undefined): string | undefined {
  const line = oneLine(text)
  const order = shape?.orderBy.length ? '' : orderOf(line, shape, pg)
  if (order === undefined || /\b(offset|fetch|for)\b/i.test(outermost(line))) return undefined
  const last = Math.max(0, ...[...line.matchAll(/\$(\d+)/g)].map(match => Number(match[1])))
  return `${line}${order} LIMIT $${last + 1} -- Math.min(asked, ${PAGE_ROWS})`
}

/** By the primary key, where the statement is over one table whose key is known, or by the `id` it returns. */
function orderOf(line: string, shape: Statement['shape'], pg: PgEvidence | undefined): string | undefined {
  if (/\b(order by|union|intersect|except)\b/i.test(outermost(line))) return undefined
  if (shape?.targetColumns.filter(column => column === 'id').length === 1) return ' ORDER BY id'
  const [name, ...others] = new Set(shape?.tables)
  const table = pg && name !== undefined && others.length === 0 ? tableOf(pg, name) : undefined
  const key = pg && table && indexesOf(pg, table).find(index => index.primary)
  const isPlain = /^select (?!distinct)/i.test(line) && !shape?.groupBy && !shape?.hasAggregate
  // A statement over a subquery shows only what that one returns.
  if (!key || !isPlain || /\( ?select\b/i.test(line)) return undefined
  return ` ORDER BY ${key.columns.map(quoted).join(', ')}`
}

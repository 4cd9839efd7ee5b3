/** Wide columns fetched for every row and never sent: bytes that the database, the wire and the parser carry for nothing. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type PgColumn,
  type Statement,
  type StatementsEvidence,
} from '@whetstone/model'
import { plainName, readAnswer } from '../derive/answers.ts'
import { bytesText, fact } from '../derive/figures.ts'
import { quoted } from '../derive/index-sql.ts'
import { ormAdvice } from '../derive/orm.ts'
import { readRoutes } from '../derive/routes.ts'
import { rowBytesOf } from '../derive/row-bytes.ts'
import { codeOf, oneLine, outermost } from '../derive/sql-code.ts'
import { type RouteUse, routeUses } from '../derive/statement-time.ts'
import { readsRows, siteOf, statementsById } from '../derive/statements.ts'

export const selectNeededColumns = definePractice({
  id: 'select-needed-columns',
  chapter: 'database',
  title: 'Select only the columns you need',
  why: 'A wide column (a document, a text, an image) is read, often from another place on disk, sent and parsed for every row, and also keeps an index from answering alone.',
  unless: ['The rows are narrow: then a list of columns saves nothing.', 'The answer needs them all.'],
  sources: [
    'https://www.postgresql.org/docs/current/storage-toast.html',
    'https://www.postgresql.org/docs/current/indexes-index-only-scans.html',
  ],
  needs: ['statements', 'pg', 'traces'],
  optional: ['http-probe'],
  thresholds: {
    ratio: { value: 4, unit: 'ratio', source: 'four bytes fetched for each byte answered' },
    rowBytes: { value: 400, unit: 'bytes', source: 'about twenty rows a page of 8 kB: below, a row is narrow' },
    fetchedBytes: { value: 20_000, unit: 'bytes', source: 'below it one round trip carries it all' },
    timeFraction: {
      value: 0.05,
      unit: 'fraction',
      source: 'share of the time of the route without its waits for a connection',
    },
  },
  remedy: {
    summary: 'Name the columns the answer needs.',
    example: {
      language: 'sql',
      before: 'SELECT * FROM products WHERE shelf = $1',
      after: 'SELECT id, name, price FROM products WHERE shelf = $1',
    },
  },
  detect({ statements, pg, traces, 'http-probe': probes }, thresholds) {
    const byId = statementsById(statements)
    const routes = readRoutes(traces)
    if (routeUses(statements).length === 0) return notApplicable('no statement was measured')
    const found = routeUses(statements).flatMap(use => {
      const statement = byId.get(use.statementId)
      const route = routes.get(use.route)
      const width = statement && readsRows(statement) ? rowBytesOf(statement, pg) : undefined
      if (!statement || !route || !width || width.rowBytes < thresholds.rowBytes) return []
      const answer = readAnswer(use.route, probes, traces)
      const fetchedBytes = (use.rows / Math.max(1, use.requests)) * width.rowBytes
      const isHeavy = fetchedBytes >= thresholds.fetchedBytes && use.totalMs >= route.workMs * thresholds.timeFraction
      if (answer.bodyBytes === undefined || !isHeavy || fetchedBytes < answer.bodyBytes * thresholds.ratio) return []
      // Too many rows is another cause, with another remedy.
      const isUnlimited = use.rows / Math.max(1, use.calls) > 1_000 && !statement.shape?.hasLimit
      const unused = unusedColumns(width.columns, answer.keys, statement)
      const unusedBytes = unused.reduce((sum, { averageWidthBytes = 0 }) => sum + averageWidthBytes, 0)
      const isWide = unusedBytes >= width.rowBytes / 2 || unused.some(column => column.averageWidthBytes === 18)
      if (isUnlimited || !isWide) return []
      return [
        describe(
          {
            use,
            statement,
            fetchedBytes,
            bodyBytes: answer.bodyBytes,
            rowBytes: width.rowBytes,
            unused,
            columns: width.columns,
            isKnown: answer.keys.size > 0,
          },
          statements,
        ),
      ]
    })
    return found.length > 0 ? findings(found) : pass([], 'rows are about as wide as what is answered')
  },
})

/** Widest first. Where the names in the answer are not known, only what is wide by itself counts. */
function unusedColumns(
  columns: readonly PgColumn[],
  keys: ReadonlySet<string>,
  { shape }: Statement,
): readonly PgColumn[] {
  const asked = new Set(shape?.conditions.map(({ column }) => column))
  const wideFirst = columns.toSorted((a, b) => (b.averageWidthBytes ?? 0) - (a.averageWidthBytes ?? 0))
  return wideFirst.filter(({ name, averageWidthBytes = 0 }) =>
    keys.size > 0 ? !keys.has(plainName(name)) && !asked.has(name) && name !== 'id' : averageWidthBytes >= 200,
  )
}

interface Waste {
  readonly use: RouteUse
  readonly statement: Statement
  readonly fetchedBytes: number
  readonly bodyBytes: number
  readonly rowBytes: number
  readonly unused: readonly PgColumn[]
  readonly columns: readonly PgColumn[]
  readonly isKnown: boolean
}

function describe(waste: Waste, statements: StatementsEvidence): Finding {
  const { use, statement, fetchedBytes, bodyBytes, rowBytes, unused, columns, isKnown } = waste
  const site = siteOf(use.route, statement.id, statements)
  const where = { route: use.route, statementId: statement.id, ...(site ? { site } : {}) }
  const link = { statementId: statement.id }
  const rows = use.rows / Math.max(1, use.requests)
  const kept = columns.filter(column => !unused.includes(column))
  const keptBytes = kept.reduce((sum, { averageWidthBytes = 0 }) => sum + averageWidthBytes, 0)
  const orm = ormAdvice(statement.issuedBy)
  return {
    fingerprint: fingerprintOf('select-needed-columns', where),
    practice: 'select-needed-columns',
    title: `${bytesText(fetchedBytes)} fetched per request to answer ${bytesText(bodyBytes)}`,
    where,
    facts: [
      fact('bytes fetched per request', fetchedBytes, 'bytes', 'pg', link),
      fact('bytes answered per request', bodyBytes, 'bytes', 'traces', link),
      fact('bytes of a row', rowBytes, 'bytes', 'pg', link),
      fact('rows per request', rows, 'rows', 'statements', link),
    ],
    // Only the names in the answer show which columns nobody reads; the code might still use them.
    confidence: isKnown ? 'strong' : 'suspected',
    edit: {
      kind: 'bytes',
      route: use.route,
      bytesBefore: Math.round(fetchedBytes),
      bytesAfter: Math.round(rows * Math.max(keptBytes, 8)),
      statementId: statement.id,
    },
    remedy: {
      summary: `Leave out ${unused
        .slice(0, 4)
        .map(column => column.name)
        .join(', ')}${unused.length > 4 ? ` and ${unused.length - 4} more` : ''}.`,
      steps: [
        `${isKnown ? 'Not in the answer' : 'Wide, and more than the answer holds'}: ${unused
          .slice(0, 6)
          .map(column => `${column.name} (${bytesText(column.averageWidthBytes ?? 0)} a row)`)
          .join(', ')}.`,
        'Check that no code between the query and the answer reads them.',
        ...(orm ? [`${orm.name}: ${orm.pickColumns}`] : []),
      ],
      ...codeOf('sql', oneLine(statement.text), withColumns(statement, kept)),
    },
  }
}

/** Undefined for a text whose list is more than columns, or where the rest of it uses a name the list gave. */
function withColumns({ text }: Statement, kept: readonly PgColumn[]): string | undefined {
  const line = oneLine(text)
  const flat = outermost(line)
  const end = flat.search(/ from /i)
  if (!/^select (?!distinct)/i.test(flat) || end < 0 || kept.length === 0) return undefined
  if (/\b(union|intersect|except|group by|over)\b/i.test(flat)) return undefined
  const rest = line.slice(end + ' from '.length)
  const aliases = [...line.slice(0, end).matchAll(/ as "?([^",\s]+)"?/gi)].map(match => match[1]!)
  const known = new Set(kept.map(({ name }) => name))
  if (aliases.some(alias => !known.has(alias) && new RegExp(`(^|[^\\w$])${escaped(alias)}([^\\w$]|$)`).test(rest)))
    return undefined
  return `SELECT ${kept.map(({ name }) => quoted(name)).join(', ')} FROM ${rest}`
}

const escaped = (text: string) => text.replace(/[^\w]/g, String.raw`\$&`)

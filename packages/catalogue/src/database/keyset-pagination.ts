/** Deep pages by OFFSET, where the last row seen would say where to go on. */
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
import { countText, excerpt, fact, msText } from '../derive/figures.ts'
import { quoted } from '../derive/index-sql.ts'
import { type DeepOffset, deepOffset } from '../derive/offsets.ts'
import { placeOf } from '../derive/places.ts'
import { type StatementTime, statementTimes } from '../derive/statement-time.ts'
import { readsRows, statementsById } from '../derive/statements.ts'

export const keysetPagination = definePractice({
  id: 'keyset-pagination',
  chapter: 'database',
  title: 'Page by key, not by deep OFFSET',
  why: 'OFFSET n makes PostgreSQL produce and throw away n rows before the page, so each page costs more than the one before it; a condition on the last key seen starts at the page.',
  unless: ['Nobody goes beyond the first pages.', 'The list is short, or people must jump to page 37 by number.'],
  sources: ['https://use-the-index-luke.com/no-offset', 'https://www.postgresql.org/docs/current/queries-limit.html'],
  needs: ['statements'],
  optional: ['pg'],
  thresholds: {
    offset: { value: 1_000, unit: 'rows', source: 'beyond it more rows are thrown away than any page holds' },
    ratio: { value: 3, unit: 'ratio', source: 'a deep page takes three times a shallow one' },
    deepMs: { value: 5, unit: 'ms', source: 'a deep page nobody can feel needs no new contract' },
    timeFraction: {
      value: 0.01,
      unit: 'fraction',
      source: 'below a hundredth of the database time depth costs nobody',
    },
  },
  remedy: {
    summary: 'Return a cursor with each page that holds its last sort key, and continue behind it.',
    example: {
      language: 'sql',
      before: 'SELECT * FROM orders ORDER BY created_at DESC, id DESC LIMIT 20 OFFSET 15000;',
      after:
        'SELECT * FROM orders WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT 20;\n-- with an index on (created_at, id)',
    },
  },
  detect({ statements, pg }, thresholds) {
    const byId = statementsById(statements)
    const paged = statementTimes(statements).flatMap(time => {
      const statement = byId.get(time.statementId)
      return statement?.shape?.hasOffset && readsRows(statement) ? [{ time, statement }] : []
    })
    if (paged.length === 0) return notApplicable('no request uses OFFSET')
    const found = paged.flatMap(({ time, statement }) => {
      const depth = deepOffset(statement, thresholds.offset, pg)
      if (!depth || depth.deepMs < thresholds.deepMs || time.timeFraction < thresholds.timeFraction) return []
      const isSlower = depth.shallowMs === undefined || depth.deepMs >= depth.shallowMs * thresholds.ratio
      return isSlower ? [describe(time, statement, depth, statements, pg)] : []
    })
    return found.length > 0 ? findings(found) : pass([], 'no deep page costs more than the first ones')
  },
})

function describe(
  time: StatementTime,
  statement: Statement,
  depth: DeepOffset,
  statements: StatementsEvidence,
  pg: PgEvidence | undefined,
): Finding {
  const where = placeOf(statement.id, statements)
  const link = { statementId: statement.id }
  // Every page then costs what a shallow one costs; without one to compare with, what its share of the rows costs.
  const afterMs = depth.shallowMs ?? (depth.deepMs * depth.pageRows) / (depth.deepOffset + depth.pageRows)
  const rewritten = keysetSql(statement)
  return {
    fingerprint: fingerprintOf('keyset-pagination', where),
    practice: 'keyset-pagination',
    title: `Pages up to row ${countText(depth.deepest)} by OFFSET: ${msText(depth.deepMs)}${depth.shallowMs === undefined ? '' : ` where the first pages take ${msText(depth.shallowMs)}`}`,
    where,
    facts: [
      fact('deepest offset seen', depth.deepest, 'rows', 'statements', link),
      fact('time of a deep page', depth.deepMs, 'ms', 'statements', link),
      ...(depth.shallowMs === undefined
        ? []
        : [fact('time of a shallow page', depth.shallowMs, 'ms', 'statements', link)]),
      fact('rows of a page', depth.pageRows, 'rows', 'statements', link),
      fact('share of the database time', time.timeFraction, 'fraction', 'statements', link),
    ],
    confidence: depth.shallowMs === undefined ? 'suspected' : 'strong',
    edit: {
      kind: 'plan',
      statements: [
        {
          statementId: statement.id,
          costBefore: depth.costDeep,
          costAfter: depth.costShallow,
          medianMsBefore: Math.max(time.meanMs, afterMs),
          medianMsAfter: afterMs,
        },
      ],
    },
    remedy: {
      summary: 'Return a cursor with each page that holds its last sort key, and continue behind it.',
      steps: [
        `"${excerpt(statement.text, 110)}" walks up to ${countText(depth.deepest)} rows to return ${countText(depth.pageRows)}.`,
        'The sort key must be unique: end it with the primary key.',
        'An index in the order of the sort key lets it start at the page.',
        'Page numbers become a "next" cursor: a change of contract, so offer both for a while, and cap the page number of the old way.',
      ],
      ...(rewritten
        ? {
            code: {
              language: 'sql' as const,
              before: excerpt(statement.text, 400),
              after: rewritten + indexLine(statement, pg),
            },
          }
        : {}),
    },
  }
}

/** The statement with a condition on its sort key in place of OFFSET; only where the text is plain enough to be sure. */
function keysetSql({ text, shape }: Statement): string | undefined {
  const order = shape?.orderBy ?? []
  const line = text.replace(/\s+/g, ' ').trim()
  const isPlain = order.length > 0 && new Set(order.map(({ descending }) => descending)).size === 1
  if (!isPlain || /\bunion\b|\bdistinct\b|\bgroup by\b|\(\s*select\b/i.test(line)) return undefined
  const names = order.map(({ column }) => quoted(column))
  const last = Math.max(0, ...[...line.matchAll(/\$(\d+)/g)].map(match => Number(match[1])))
  const keys = names.map((_, at) => `$${last + 1 + at}`)
  const [left, right] = names.length === 1 ? [names[0]!, keys[0]!] : [`(${names.join(', ')})`, `(${keys.join(', ')})`]
  const condition = `${left} ${order[0]!.descending ? '<' : '>'} ${right}`
  const behind = line.replace(/ offset (\$\d+|\d+)/i, '')
  return / where /i.test(behind)
    ? behind.replace(/ where /i, ` WHERE ${condition} AND `)
    : behind.replace(/ order by /i, ` WHERE ${condition} ORDER BY `)
}

function indexLine({ shape }: Statement, pg: PgEvidence | undefined): string {
  const order = shape?.orderBy ?? []
  const columns = order.map(({ column }) => column)
  const table = order[0]?.table ?? ''
  const isServed = pg?.indexes.some(
    index => index.table === table && columns.every((name, at) => index.columns[at] === name),
  )
  if (isServed || table === '') return ''
  return `\n-- needs an index in this order: CREATE INDEX CONCURRENTLY ON ${quoted(table)} (${columns.map(quoted).join(', ')});`
}

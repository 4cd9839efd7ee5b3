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
import { columnOf, indexesOf, tableOf } from '../derive/columns.ts'
import { countText, excerpt, fact, msText } from '../derive/figures.ts'
import { quoted, quotedPath } from '../derive/index-sql.ts'
import { keysetStatement } from '../derive/keyset-sql.ts'
import type { DeepOffset } from '../derive/offsets.ts'
import { costlyDepth, deepPageThresholds } from '../derive/page-limits.ts'
import { placeOf } from '../derive/places.ts'
import { codeOf, oneLine } from '../derive/sql-code.ts'
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
  thresholds: deepPageThresholds,
  remedy: {
    summary: 'Return a cursor with each page that holds its last sort key, and continue behind it.',
    example: {
      language: 'sql',
      before: 'SELECT * FROM orders ORDER BY created_at DESC, id DESC LIMIT 20 OFFSET 15000;',
      after:
        'SELECT * FROM orders WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT 20;\n-- with an index on (created_at, id)',
    },
    withRuntime: `import { keyset } from '@whetstone/runtime/data'

// Cursors are signed, for this list only, and go both ways.
const ordersPage = keyset<Order>({
  select: 'SELECT id, created_at, total FROM orders',
  order: [
    { column: 'created_at', descending: true, nulls: 'none' },
    { column: 'id', descending: true, nulls: 'none' },
  ],
  keys: [secret],
})

const { rows, next } = await ordersPage(pool, { size: 20, ...(cursor && { after: cursor }) })`,
  },
  detect({ statements, pg }, thresholds) {
    const byId = statementsById(statements)
    const paged = statementTimes(statements).flatMap(time => {
      const statement = byId.get(time.statementId)
      return statement?.shape?.hasOffset && readsRows(statement) ? [{ time, statement }] : []
    })
    if (paged.length === 0) return notApplicable('no request uses OFFSET')
    const found = paged.flatMap(({ time, statement }) => {
      const depth = costlyDepth(statement, time, thresholds, pg)
      return depth ? [describe(time, statement, depth, statements, pg)] : []
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
  const rewritten = keysetStatement(statement)
  const nullable = nullableColumns(statement, pg)
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
        ...(rewritten
          ? [
              `${listText(rewritten.keys.map(({ parameter }) => `$${parameter}`))} ${rewritten.keys.length > 1 ? 'are' : 'is'} ${listText(rewritten.keys.map(({ column }) => column))} of the last row of the page before; the first page goes without that condition.`,
            ]
          : []),
        ...(nullable.length > 0
          ? [`Rows without ${listText(nullable)} would be left out: make it NOT NULL first, or sort by another column.`]
          : []),
        'An index in the order of the sort key lets it start at the page.',
        'Page numbers become a "next" cursor: a change of contract, so offer both for a while, and cap the page number of the old way.',
      ],
      ...codeOf('sql', oneLine(statement.text), rewritten && rewritten.sql + indexLine(statement, pg)),
    },
  }
}

function nullableColumns({ shape }: Statement, pg: PgEvidence | undefined): readonly string[] {
  return (shape?.orderBy ?? []).flatMap(({ table, column }) => {
    const known = pg && tableOf(pg, table)
    return known && columnOf(known, column)?.notNull === false ? [column] : []
  })
}

const listText = (words: readonly string[]) => words.join(' and ')

/** Nothing where an index in that order is there, or where the sort key lies in several tables and none can be. */
function indexLine({ shape }: Statement, pg: PgEvidence | undefined): string {
  const order = shape?.orderBy ?? []
  const columns = order.map(({ column }) => column)
  const tables = [...new Set(order.map(({ table }) => table))]
  const [name = ''] = tables
  const known = pg && tableOf(pg, name)
  const indexes = pg && known ? indexesOf(pg, known) : []
  const isServed = indexes.some(index => columns.every((column, at) => index.columns[at] === column))
  if (isServed || name === '' || tables.length > 1) return ''
  return `\n-- needs an index in this order: CREATE INDEX CONCURRENTLY ON ${quotedPath(name)} (${columns.map(quoted).join(', ')});`
}

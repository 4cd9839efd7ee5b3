/** Foreign keys that are joined on, or whose parents are deleted, without an index to find the children by. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  type PgEvidence,
  type PgForeignKey,
  type PgTable,
  type StatementsEvidence,
} from '@whetstone/model'
import { indexesOf, tableOf } from '../derive/columns.ts'
import { countText, excerpt, fact, msText } from '../derive/figures.ts'
import { parentDeletes } from '../derive/index-candidates.ts'
import { createIndexSql, indexText } from '../derive/index-sql.ts'
import { placeOf } from '../derive/places.ts'
import type { StatementTime } from '../derive/statement-time.ts'
import { statementsById } from '../derive/statements.ts'
import { declareSteps, indexOutcome, priceFacts, priceText, unbuiltPrice } from '../derive/index-finding.ts'
import { indexThresholds } from '../derive/index-thresholds.ts'

export const foreignKeyIndex = definePractice({
  id: 'foreign-key-index',
  chapter: 'database',
  title: 'Index foreign keys used in joins and deletes',
  why: 'PostgreSQL indexes the referenced column but not the referencing one, so a join from the parent, and the check behind every delete of a parent, read the whole child table.',
  unless: [
    'Parents are never deleted and children are only reached by their own key.',
    'The child table is small enough to be read in full.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK',
    'https://www.cybertec-postgresql.com/en/index-your-foreign-key/',
  ],
  needs: ['pg', 'statements'],
  thresholds: {
    ...indexThresholds,
    deleteMs: {
      value: 2,
      unit: 'ms',
      source: 'a delete by primary key with indexed children takes a few tenths of a millisecond',
    },
  },
  remedy: {
    summary: 'Index the referencing columns in the order of the constraint.',
    example: {
      language: 'sql',
      before: 'DELETE FROM orders WHERE id = 7;  -- the constraint on items reads all of items',
      after: 'CREATE INDEX CONCURRENTLY items_order_id_idx ON items (order_id);',
    },
  },
  detect({ pg, statements }, limits) {
    const joins = indexOutcome('foreign-key-index', pg, statements, limits)
    const deletes = deleteFindings(pg, statements, limits.foreignKeyRows, limits.deleteMs)
    if (deletes.length === 0) return joins
    if (joins.kind === 'investigate') return { ...joins, findings: deletes }
    const known = joins.kind === 'finding' ? joins.findings : []
    const resources = new Set(known.map(finding => finding.where.resource))
    return findings([...known, ...deletes.filter(finding => !resources.has(finding.where.resource))])
  },
})

/** The check behind a delete is in no plan of the statement, so its own time has to tell. */
function deleteFindings(
  pg: PgEvidence,
  statements: StatementsEvidence,
  leastRows: number,
  leastMs: number,
): readonly Finding[] {
  return pg.foreignKeys.flatMap(key => {
    const child = tableOf(pg, `${key.schema}.${key.table}`)
    const [slowest] = parentDeletes(statements, key.referencedTable).toSorted((a, b) => b.meanMs - a.meanMs)
    if (!child || child.rows < leastRows || !slowest || slowest.meanMs < leastMs || isIndexed(pg, child, key)) return []
    return [deleteFinding(key, child, slowest, pg, statements)]
  })
}

function isIndexed(pg: PgEvidence, child: PgTable, key: PgForeignKey): boolean {
  return indexesOf(pg, child).some(
    index =>
      index.valid &&
      !index.partial &&
      key.columns.every(name => index.columns.slice(0, key.columns.length).includes(name)),
  )
}

function deleteFinding(
  key: PgForeignKey,
  child: PgTable,
  slowest: StatementTime,
  pg: PgEvidence,
  statements: StatementsEvidence,
): Finding {
  const columns = key.columns.map(name => ({ name }))
  const candidate = { schema: key.schema, table: key.table, columns, method: 'btree' as const }
  const resource = indexText(candidate)
  const text = statementsById(statements).get(slowest.statementId)?.text ?? ''
  // PostgreSQL's default constants: a page costs 1, a row 0.0125 with its condition; an index lookup about 8.
  const price = unbuiltPrice([candidate], pg, statements)
  const costBefore = child.tableBytes / 8_192 + child.rows * 0.0125
  return {
    fingerprint: fingerprintOf('foreign-key-index', { resource }),
    practice: 'foreign-key-index',
    title: `${key.table} is read in full (${countText(child.rows)} rows) at each delete from ${key.referencedTable}`,
    where: { ...placeOf(slowest.statementId, statements), resource },
    facts: [
      fact('time of one delete', slowest.meanMs, 'ms', 'statements', { statementId: slowest.statementId }),
      fact('rows of the referencing table', child.rows, 'rows', 'pg'),
      fact('deletes measured', slowest.calls, 'count', 'statements', { statementId: slowest.statementId }),
      ...priceFacts(price, slowest.statementId),
    ],
    confidence: 'strong',
    edit: { kind: 'plan', statements: [{ statementId: slowest.statementId, costBefore, costAfter: 8 }] },
    remedy: {
      summary: `Create an index on ${resource}.`,
      steps: [
        `"${excerpt(text, 110)}" takes ${msText(slowest.meanMs)}: the constraint ${key.name} looks for children without an index.`,
        ...priceText(price),
        'CONCURRENTLY does not block writes; run it outside a transaction.',
        ...declareSteps([slowest.statementId], statements),
      ],
      code: { language: 'sql', after: createIndexSql(candidate) },
    },
  }
}

/** Tables so large, and so plainly read or cleared by time, that they should be many tables under one name. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type PgTable,
  type StatementsEvidence,
} from '@whetstone/model'
import { bytesText, countText, excerpt, fact, msText } from '../derive/figures.ts'
import { partitionSql } from '../derive/partition-sql.ts'
import { placeOf } from '../derive/places.ts'
import { clearings, rowsInProduction, type TableUse, timeColumnOf, usesOf } from '../derive/range-tables.ts'

export const partitioning = definePractice({
  id: 'partitioning',
  chapter: 'database',
  title: 'Partition very large tables',
  why: 'Deleting a month row by row writes every row and every index entry and leaves holes for vacuum; dropping a partition removes a file. Reads by time skip the parts that cannot match.',
  unless: [
    'The table is smaller: an index finds a row in 50 million as fast as in one.',
    'Statements do not name the partition key: then each of them visits every partition.',
    'Uniqueness must hold over a column that is not part of the partition key.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/ddl-partitioning.html',
    'https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-BEST-PRACTICES',
  ],
  needs: ['pg', 'statements'],
  optional: ['answers'],
  thresholds: {
    rows: { value: 50_000_000, unit: 'rows', source: 'below it depth of an index and time of a vacuum stay small' },
    bytes: { value: 100_000_000_000, unit: 'bytes', source: 'more than the memory of most servers' },
    deleteMs: { value: 20, unit: 'ms', source: 'a drop of a partition takes a few milliseconds' },
    deletedRows: { value: 1_000, unit: 'rows', source: 'fewer at a time are no clearing of old rows' },
  },
  remedy: {
    summary: 'Partition by the column of time; drop whole partitions instead of deleting rows.',
    example: {
      language: 'sql',
      before: `DELETE FROM events WHERE created < now() - interval '90 days';  -- 5 million rows, then vacuum`,
      after: `CREATE TABLE events (id bigint, created timestamptz NOT NULL) PARTITION BY RANGE (created);
CREATE TABLE events_2026_01 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
DROP TABLE events_2026_01;`,
    },
  },
  detect({ pg, statements, answers }, thresholds) {
    if (pg.tables.every(({ kind }) => kind === undefined))
      return notApplicable('which tables are partitioned was not read')
    const plain = pg.tables.filter(({ kind, partitionOf }) => kind === 'table' && partitionOf === undefined)
    const large = plain.filter(table => {
      const rows = rowsInProduction(table, answers?.tables)
      return rows >= thresholds.rows || (rows / Math.max(1, table.rows)) * table.totalBytes >= thresholds.bytes
    })
    const [largest] = plain.toSorted((a, b) => b.rows - a.rows)
    if (!largest) return notApplicable('there is no table that is not partitioned')
    if (large.length === 0)
      return notApplicable(
        `the largest table, ${largest.name}, has ${countText(rowsInProduction(largest, answers?.tables))} rows; where production has more, say so (whetstone.config.ts: answers.productionRows)`,
      )
    const found = large.flatMap(table => {
      const uses = usesOf(pg, table, statements)
      const column = timeColumnOf(table, uses)
      if (column === undefined) return []
      const deletes = clearings(uses, column).filter(
        ({ time }) => time.meanMs >= thresholds.deleteMs && time.rowsPerCall >= thresholds.deletedRows,
      )
      const reads = uses.filter(({ statement }) => statement.shape?.operation === 'select')
      const byTime = reads.filter(({ statement }) => statement.shape?.conditions.some(one => one.column === column))
      // A read that names no time visits every partition: then partitions cost more than they return.
      const isReadByTime = byTime.length > 0 && byTime.length === reads.length
      if (deletes.length === 0 && !isReadByTime) return []
      return [describe({ table, column, deletes, statements, rows: rowsInProduction(table, answers?.tables) })]
    })
    return found.length > 0
      ? findings(found)
      : pass([], `${countText(large.length)} very large tables, and no time by which all their statements ask`)
  },
})

interface Large {
  readonly table: PgTable
  readonly column: string
  readonly deletes: readonly TableUse[]
  readonly statements: StatementsEvidence
  readonly rows: number
}

function describe({ table, column, deletes, statements, rows }: Large): Finding {
  const [slowest] = deletes.toSorted((a, b) => b.time.meanMs - a.time.meanMs)
  return {
    fingerprint: fingerprintOf('partitioning', { resource: table.name }),
    practice: 'partitioning',
    title: slowest
      ? `${table.name} (${countText(rows)} rows) is cleared row by row: ${msText(slowest.time.meanMs)} for ${countText(slowest.time.rowsPerCall)} rows`
      : `${table.name} has ${countText(rows)} rows in one table, all asked for by ${column}`,
    where: { ...(slowest ? placeOf(slowest.statement.id, statements) : {}), resource: table.name },
    facts: [
      fact('rows', rows, 'rows', 'pg'),
      fact('bytes here, with indexes', table.totalBytes, 'bytes', 'pg'),
      ...(slowest
        ? [
            fact('time of one delete', slowest.time.meanMs, 'ms', 'statements', { statementId: slowest.statement.id }),
            fact('rows deleted by it', slowest.time.rowsPerCall, 'rows', 'statements', {
              statementId: slowest.statement.id,
            }),
          ]
        : []),
    ],
    confidence: slowest ? 'strong' : 'suspected',
    remedy: {
      summary: `Partition ${table.name} by ${column}.`,
      steps: [
        ...(slowest ? [`"${excerpt(slowest.statement.text)}" becomes DROP TABLE of the oldest partition.`] : []),
        `The ${bytesText(table.totalBytes)} that are there stay as they are and become the first partition: nothing is copied, and the locks are short.`,
        `Every unique key must contain ${column}; foreign keys to the table need the whole key. The indexes of the new table are made after this, each like the old one.`,
        `Make the next partition ahead of time (pg_partman does): a row without one is refused.`,
      ],
      code: { language: 'sql', after: partitionSql(table, column) },
    },
  }
}

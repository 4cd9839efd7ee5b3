/** Rows that no request asks for any more, in tables that requests read in full. */
import {
  ask,
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type PgEvidence,
  type PgTable,
  type PlanEdit,
  type PlanNode,
  type StatementsEvidence,
} from '@whetstone/model'
import { columnOf } from '../derive/columns.ts'
import { bytesText, countText, fact, percentText } from '../derive/figures.ts'
import { quoted } from '../derive/index-sql.ts'
import { statementsWantingIndex } from '../derive/index-limits.ts'
import { placeOf } from '../derive/places.ts'
import { nodesOf, plansByStatement } from '../derive/plans.ts'
import { type TableUse, usesOf } from '../derive/range-tables.ts'
import { qualifiedSql } from '../derive/table-sql.ts'

const DAY_MS = 86_400_000
const BLOCK_BYTES = 8_192
/** From here on rows of one time share their pages. */
const MOST_CORRELATION = 0.5

export const dataRetention = definePractice({
  id: 'data-retention',
  chapter: 'database',
  title: 'Clean up unused data',
  why: 'Rows nobody asks for are still scanned, vacuumed, backed up and held in memory in place of those that somebody does ask for.',
  unless: [
    'The law or an auditor wants them: then they belong into an archive, not into the table of every request.',
    'Requests find their rows by an index: old rows beside them cost disk, not time.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/ddl-partitioning.html',
    'https://www.postgresql.org/docs/current/routine-vacuuming.html',
  ],
  needs: ['pg', 'statements'],
  thresholds: {
    rows: {
      value: 1_000_000,
      unit: 'rows',
      source: 'a smaller table is read in full in less than a tenth of a second',
    },
    newerFraction: { value: 0.2, unit: 'fraction', source: 'four fifths are older than any range that is asked for' },
    timeFraction: { value: 0.05, unit: 'fraction', source: 'share of the database time, as for other statements' },
    doublingDays: { value: 90, unit: 'count', source: 'days in which the table doubles; a quarter of a year ahead' },
    countedDays: { value: 7, unit: 'count', source: 'days of counting: a week holds a rush and a lull' },
  },
  remedy: {
    summary: 'Say how long rows are needed, and move or drop the others by a job, or by partition.',
    example: {
      language: 'sql',
      before: `SELECT status, count(*) FROM bookings WHERE arrival >= current_date GROUP BY status;  -- reads ten years`,
      after: `WITH old AS (DELETE FROM bookings WHERE arrival < current_date - 400 RETURNING *)
INSERT INTO bookings_archive SELECT * FROM old;`,
    },
  },
  detect({ pg, statements }, thresholds, overrides) {
    const large = pg.tables.filter(
      ({ rows, kind, partitionOf }) => rows >= thresholds.rows && kind === 'table' && partitionOf === undefined,
    )
    if (large.length === 0) return notApplicable(`no table here has ${countText(thresholds.rows)} rows`)
    const wanting = statementsWantingIndex(pg, statements, overrides)
    const found = large.flatMap(table => {
      const cold = coldOf(pg, table, statements, thresholds)
      if (!cold) return []
      const scans = cold.uses.flatMap(use => scanOf(pg, table, use, cold))
      const isHeavy = cold.uses.some(
        ({ time, statement }) => time.timeFraction >= thresholds.timeFraction && !wanting.has(statement.id),
      )
      return scans.length > 0 && isHeavy ? [describe(table, cold, scans, statements)] : []
    })
    if (found.length > 0) return findings(found)
    const growing = large.flatMap(table => growthOf(pg, table, thresholds))
    const [fastest] = growing.toSorted((a, b) => a.days - b.days)
    if (fastest)
      return ask(
        `${fastest.table.name} doubles every ${countText(fastest.days)} days. How long are its rows needed, and what removes them then?`,
        fastest.facts,
      )
    return pass([], `${countText(large.length)} large tables, none read in full for a few new rows`)
  },
})

interface Limits {
  readonly newerFraction: number
  readonly doublingDays: number
  readonly countedDays: number
}

interface Cold {
  readonly column: string
  /** Inside the widest range any statement asked for. */
  readonly newerFraction: number
  readonly uses: readonly TableUse[]
}

/** Only where every read of the table names a range of the same column: a lookup by key may want any row. */
function coldOf(pg: PgEvidence, table: PgTable, statements: StatementsEvidence, limits: Limits): Cold | undefined {
  const uses = usesOf(pg, table, statements).filter(({ statement }) => statement.shape?.operation === 'select')
  const ranges = (pg.rangeReads ?? []).filter(one => one.table === table.name && one.schema === table.schema)
  const [first] = ranges
  if (!first || uses.length === 0) return undefined
  const own = ranges.filter(({ column }) => column === first.column)
  const isAll = uses.every(({ statement }) => own.some(({ statementId }) => statementId === statement.id))
  const newerFraction = Math.max(...own.map(one => one.newerFraction))
  return isAll && newerFraction <= limits.newerFraction ? { column: first.column, newerFraction, uses } : undefined
}

function scanOf(
  pg: PgEvidence,
  table: PgTable,
  { statement: { id } }: TableUse,
  { column, newerFraction }: Omit<Cold, 'uses'>,
): PlanEdit['statements'] {
  for (const { root } of plansByStatement(pg).get(id) ?? []) {
    const scans = nodesOf(root).filter(node => touchesAll(node, table, column))
    const scanCost = Math.max(0, ...scans.map(({ totalCost }) => totalCost))
    if (scanCost > 0)
      return [
        { statementId: id, costBefore: root.totalCost, costAfter: root.totalCost - scanCost * (1 - newerFraction) },
      ]
  }
  return []
}

/** In full, or by a bitmap of rows that lie scattered over all pages: old rows fill every page that is read. */
function touchesAll({ nodeType, relation, planRows }: PlanNode, table: PgTable, column: string): boolean {
  if (relation !== table.name) return false
  if (/seq scan/i.test(nodeType)) return true
  const isScattered = Math.abs(columnOf(table, column)?.correlation ?? 1) < MOST_CORRELATION
  return /bitmap heap scan/i.test(nodeType) && isScattered && planRows >= table.tableBytes / BLOCK_BYTES
}

function describe(
  table: PgTable,
  { column, newerFraction }: Cold,
  scans: PlanEdit['statements'],
  statements: StatementsEvidence,
): Finding {
  const older = 1 - newerFraction
  const name = qualifiedSql(table)
  const archive = qualifiedSql({ schema: table.schema, name: `${table.name}_archive` })
  return {
    fingerprint: fingerprintOf('data-retention', { resource: table.name }),
    practice: 'data-retention',
    title: `${percentText(older)} of ${table.name} (${countText(table.rows)} rows) is older than anything that is asked for, and read each time`,
    where: { ...placeOf(scans[0]!.statementId, statements), resource: table.name },
    facts: [
      fact('rows', table.rows, 'rows', 'pg'),
      fact('share older than any range asked for', older, 'fraction', 'pg'),
      fact('bytes they take', table.totalBytes * older, 'bytes', 'pg'),
    ],
    confidence: 'suspected',
    edit: { kind: 'plan', statements: scans },
    remedy: {
      summary: `Move what is older than needed out of ${table.name}.`,
      steps: [
        `Find out how long rows are needed by ${column}: only requests that were measured are known here.`,
        `Move them in small steps, so that no lock and no transaction lasts; ${bytesText(table.totalBytes * older)} become free for new rows.`,
        'Where it is to be done every month, partition the table by that column and drop partitions instead.',
      ],
      code: {
        language: 'sql',
        after: `CREATE TABLE IF NOT EXISTS ${archive} (LIKE ${name});
-- again and again until it moves nothing; the interval is how long rows are needed
WITH old AS (
  DELETE FROM ${name} WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM ${name} WHERE ${quoted(column)} < now() - interval '1 year' LIMIT 5000))
  RETURNING *)
INSERT INTO ${archive} SELECT * FROM old;
VACUUM (ANALYZE) ${name};`,
      },
    },
  }
}

interface Growth {
  readonly table: PgTable
  readonly days: number
  readonly facts: readonly Fact[]
}

function growthOf(pg: PgEvidence, table: PgTable, limits: Limits): readonly Growth[] {
  const countedDays = (pg.countersAgeMs ?? 0) / DAY_MS
  const perDay = (table.inserts - table.deletes) / countedDays
  if (countedDays < limits.countedDays || perDay <= 0) return []
  const days = table.rows / perDay
  if (days > limits.doublingDays) return []
  return [
    {
      table,
      days,
      facts: [
        fact('rows', table.rows, 'rows', 'pg'),
        fact('rows more each day', perDay, 'rows', 'pg'),
        fact('days counted', countedDays, 'count', 'pg'),
      ],
    },
  ]
}

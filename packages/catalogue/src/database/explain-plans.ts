/** Plans that go wrong for other reasons than a missing index: estimates far off, sorts that spill to disk, tables never analysed. */
import {
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  investigate,
  type FindingRemedy,
  notApplicable,
  pass,
  type PgEvidence,
  type PgStatement,
  type PgTable,
  type PlanNode,
  type Statement,
  type StatementsEvidence,
  unknown,
} from '@whetstone/model'
import { tableOf } from '../derive/columns.ts'
import { bytesText, countText, excerpt, fact, rounded } from '../derive/figures.ts'
import { statementsWantingIndex } from '../derive/index-limits.ts'
import { quoted } from '../derive/index-sql.ts'
import { placeOf } from '../derive/places.ts'
import { analysedPlans, nodesOf } from '../derive/plans.ts'
import { type StatementTime, statementTimes } from '../derive/statement-time.ts'
import { readsRows, statementsById } from '../derive/statements.ts'

const BLOCK_BYTES = 8_192
/** Statements run under EXPLAIN at most, heaviest first. */
const MOST_RUN = 8

export const explainPlans = definePractice({
  id: 'explain-plans',
  chapter: 'database',
  title: 'Read the plans of heavy queries',
  why: 'The planner chooses by estimated row counts; where they are ten times off it picks a join or a memory size for another query than the one that runs.',
  unless: ['The statement is fast: a wrong estimate without a cost is only a curiosity.'],
  sources: [
    'https://www.postgresql.org/docs/current/using-explain.html',
    'https://www.postgresql.org/docs/current/planner-stats.html#PLANNER-STATS-EXTENDED',
    'https://www.postgresql.org/docs/current/runtime-config-resource.html#GUC-WORK-MEM',
  ],
  needs: ['pg', 'statements'],
  thresholds: {
    estimateRatio: { value: 10, unit: 'ratio', source: 'a factor of ten changes which join is chosen' },
    rows: { value: 1_000, unit: 'rows', source: 'below it a wrong estimate costs nothing' },
    spillBytes: { value: 1_000_000, unit: 'bytes', source: 'a quarter of the default work_mem of 4 MB' },
    meanMs: { value: 5, unit: 'ms', source: 'statements faster than that hide no bad plan worth a change' },
    timeFraction: { value: 0.05, unit: 'fraction', source: 'share of the database time, as for other statements' },
  },
  remedy: {
    summary: 'Give the planner what it lacks: fresh or extended statistics, or memory for this one statement.',
    example: {
      language: 'sql',
      before:
        'SELECT * FROM addresses WHERE city = $1 AND zip = $2;  -- estimated 2 rows, found 900: the columns are correlated',
      after:
        'CREATE STATISTICS addresses_city_zip (dependencies, ndistinct) ON city, zip FROM addresses;\nANALYZE addresses;',
    },
  },
  detect({ pg, statements }, thresholds, overrides) {
    const byId = statementsById(statements)
    const wanting = statementsWantingIndex(pg, statements, overrides)
    const costly = statementTimes(statements).filter(
      ({ meanMs, timeFraction }) => meanMs >= thresholds.meanMs && timeFraction >= thresholds.timeFraction,
    )
    const heavy = costly.filter(({ statementId }) => !wanting.has(statementId))
    const found = heavy.flatMap(time => {
      const statement = byId.get(time.statementId)
      const fault = statement && faultOf(statement, time, pg, thresholds)
      return statement && fault ? [describe(statement, fault, statements)] : []
    })
    // Also for those that an index may serve: when none does, nobody is asked a second time.
    const runnable = costly.filter(({ statementId }) => isRunnable(byId.get(statementId))).slice(0, MOST_RUN)
    const notRun = runnable.filter(({ statementId }) => !analysedPlans(pg).has(statementId))
    if (notRun.length > 0 && pg.unavailable['explain'] === undefined)
      return investigate(
        notRun.map(({ statementId }) => ({ kind: 'explain' as const, statementId })),
        found,
      )
    if (found.length > 0) return findings(found)
    if (heavy.length === 0) return notApplicable('no statement is heavy enough to have a plan worth reading')
    if (notRun.length > 0 && notRun.length === runnable.length)
      return unknown(
        ['pg'],
        `the heavy statements could not be run under EXPLAIN: ${pg.unavailable['explain']}`,
        '--explain-analyze, against a database that may be asked to run them',
      )
    return pass([], `${heavy.length} heavy statements, plans in order`)
  },
})

function isRunnable(statement: Statement | undefined): boolean {
  return statement?.shape?.operation === 'select' && readsRows(statement)
}

interface Fault {
  readonly title: string
  readonly resource: string
  readonly facts: readonly Fact[]
  readonly remedy: FindingRemedy
}
interface Limits {
  readonly estimateRatio: number
  readonly rows: number
  readonly spillBytes: number
}

/** The first cause that explains the others: no statistics, then wrong ones, then too little memory. */
function faultOf(statement: Statement, time: StatementTime, pg: PgEvidence, limits: Limits): Fault | undefined {
  const tables = [...new Set(statement.shape?.tables)].flatMap(name => tableOf(pg, name) ?? [])
  const blind = tables.find(table => table.rows >= 10_000 && isNeverAnalysed(table))
  if (blind) return neverAnalysed(blind)
  const nodes = (analysedPlans(pg).get(statement.id) ?? []).flatMap(plan => nodesOf(plan.root))
  const wrong = nodes.find(node => isFarOff(node, limits))
  if (wrong) return wrongEstimate(wrong, statement)
  const written = pg.statements.find(({ statementId }) => statementId === time.statementId)
  return spills(nodes, written, statement, limits.spillBytes)
}

function isNeverAnalysed({ columns, lastAnalyze }: PgTable): boolean {
  return lastAnalyze === undefined && columns.length > 0 && columns.every(column => column.distinct === undefined)
}

function neverAnalysed(table: PgTable): Fault {
  return {
    title: `The planner knows nothing of ${table.name} (${countText(table.rows)} rows): it was never analysed`,
    resource: table.name,
    facts: [fact('rows of the table', table.rows, 'rows', 'pg')],
    remedy: {
      summary: `Analyse ${table.name}, and see why autovacuum did not.`,
      steps: ['Run ANALYZE after bulk loads; check that autovacuum is on and not starved.'],
      code: { language: 'sql', after: `ANALYZE ${quoted(table.name)};` },
    },
  }
}

function isFarOff({ planRows, actualRows, actualLoops = 1 }: PlanNode, limits: Limits): boolean {
  // A node that never ran, or that a LIMIT above stopped early, says nothing about the estimate.
  if (actualRows === undefined || actualLoops === 0 || actualRows < planRows) return false
  return actualRows * actualLoops >= limits.rows && actualRows >= Math.max(1, planRows) * limits.estimateRatio
}

function wrongEstimate(node: PlanNode, { shape }: Statement): Fault {
  const actual = node.actualRows ?? 0
  const table = node.relation ?? shape?.tables[0] ?? ''
  const columns = [
    ...new Set((shape?.conditions ?? []).filter(({ table: of }) => of === table).map(({ column }) => column)),
  ].slice(0, 4)
  const isCorrelated = columns.length > 1
  return {
    title: `${countText(actual)} rows where the plan expected ${countText(node.planRows)}`,
    resource: table,
    facts: [
      fact('rows expected', node.planRows, 'rows', 'pg'),
      fact('rows found', actual, 'rows', 'pg'),
      fact('times too low', actual / Math.max(1, node.planRows), 'ratio', 'pg'),
    ],
    remedy: {
      summary: isCorrelated
        ? `Tell the planner that ${columns.join(' and ')} go together.`
        : `Refresh the statistics of ${table}.`,
      steps: [
        `${node.nodeType}${node.relation ? ` on ${node.relation}` : ''} was planned for ${rounded(node.planRows, 3)} rows and met ${rounded(actual, 3)}.`,
      ],
      code: {
        language: 'sql',
        after: `${isCorrelated ? `CREATE STATISTICS (dependencies, ndistinct, mcv) ON ${columns.map(quoted).join(', ')} FROM ${quoted(table)};\n` : ''}ANALYZE ${quoted(table)};`,
      },
    },
  }
}

function spills(
  nodes: readonly PlanNode[],
  written: PgStatement | undefined,
  statement: Statement,
  leastBytes: number,
): Fault | undefined {
  const external = nodes.some(node => /external/i.test(node.sortMethod ?? '') || (node.hashBatches ?? 1) > 1)
  const bytes = written && written.calls > 0 ? (written.temporaryBlocks / written.calls) * BLOCK_BYTES : 0
  if (!external && bytes < leastBytes) return undefined
  const memoryMb = Math.min(256, Math.max(8, 2 ** Math.ceil(Math.log2((bytes * 3) / 1e6 + 4))))
  return {
    title: `A sort or hash spills ${bytes > 0 ? `${bytesText(bytes)} ` : ''}to disk at each call`,
    resource: 'work_mem',
    facts: [fact('temporary bytes per call', bytes, 'bytes', 'pg', { statementId: statement.id })],
    remedy: {
      summary: 'Let it sort less, or give this statement more memory.',
      steps: [
        'First see whether a LIMIT, fewer columns or an index in sort order makes the sort small.',
        'Then raise work_mem for this statement or role only: each sort and hash of every connection may use it.',
      ],
      code: { language: 'sql', after: `SET LOCAL work_mem = '${memoryMb}MB'; -- in the transaction of this statement` },
    },
  }
}

function describe(statement: Statement, fault: Fault, statements: StatementsEvidence): Finding {
  const { remedy } = fault
  return {
    fingerprint: fingerprintOf('explain-plans', { statementId: statement.id, resource: fault.resource }),
    practice: 'explain-plans',
    title: fault.title,
    where: { ...placeOf(statement.id, statements), resource: fault.resource },
    facts: fault.facts,
    confidence: 'strong',
    remedy: { ...remedy, steps: [`It concerns "${excerpt(statement.text)}".`, ...remedy.steps] },
  }
}

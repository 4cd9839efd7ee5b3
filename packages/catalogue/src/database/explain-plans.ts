/** Plans that go wrong for other reasons than a missing index: estimates far off, tables read in loops, time spent compiling. */
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
  type PlanEdit,
  type Statement,
  type StatementsEvidence,
  unknown,
} from '@whetstone/model'
import { columnOf, tableOf } from '../derive/columns.ts'
import { countText, excerpt, fact, msText, percentText, rounded } from '../derive/figures.ts'
import { hiddenIndex, type HiddenIndex } from '../derive/hidden-indexes.ts'
import { statementsWantingIndex } from '../derive/index-limits.ts'
import { quoted } from '../derive/index-sql.ts'
import { costlyStatements, estimateThresholds, type Misestimate, misestimates } from '../derive/misestimates.ts'
import { placeOf } from '../derive/places.ts'
import { type PlanFault, type PlanFaultLimits, planFaultOf } from '../derive/plan-faults.ts'
import { analysedPlans } from '../derive/plans.ts'
import { spillOf } from '../derive/spills.ts'
import { readsRows, statementsById } from '../derive/statements.ts'
import { isStale } from '../derive/table-health.ts'

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
    ...estimateThresholds,
    spillBytes: { value: 1_000_000, unit: 'bytes', source: 'from here on `temp-spill` names the cause' },
    changedFraction: { value: 0.1, unit: 'fraction', source: 'from here on `stale-statistics` names the cause' },
    removedRatio: { value: 100, unit: 'ratio', source: 'a hundred rows read for each that is kept' },
    loops: { value: 1_000, unit: 'count', source: 'a thousand scans of one table in one statement' },
    jitFraction: { value: 0.3, unit: 'fraction', source: 'compiling shall cost less than it saves' },
    lossyFraction: { value: 0.1, unit: 'fraction', source: 'each lossy block has all its rows checked again' },
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
    const costly = costlyStatements(statements, thresholds)
    const heavy = costly.filter(({ statementId }) => !wanting.has(statementId))
    const found = heavy.flatMap(({ statementId }) => {
      const statement = byId.get(statementId)
      const fault = statement && faultOf(statement, pg, thresholds)
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
    const indexed = costly.length - heavy.length
    return pass(
      [],
      `${heavy.length === 1 ? 'the plan of a heavy statement is' : `the plans of ${heavy.length} heavy statements are`} in order${indexed > 0 ? `; ${indexed === 1 ? 'another wants' : `${indexed} more want`} an index` : ''}`,
    )
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
  readonly edit?: PlanEdit
}
interface Limits extends PlanFaultLimits {
  readonly estimateRatio: number
  readonly spillBytes: number
  readonly changedFraction: number
}

/** The first cause that explains the others: wrong estimates, then what the plan itself does wrong. */
function faultOf(statement: Statement, pg: PgEvidence, limits: Limits): Fault | undefined {
  const hidden = hiddenIndex(pg, statement.id, limits)
  if (hidden) return hiddenFault(statement, hidden)
  // Those are causes with practices of their own.
  if (spillOf(pg, statement.id, limits.spillBytes)) return undefined
  const [wrong] = misestimates(pg, statement.id, limits)
  if (wrong) {
    const table = tableOf(pg, wrong.node.relation ?? '')
    const isAged = table !== undefined && table.rows >= limits.rows && isStale(table, limits.changedFraction)
    return isAged ? undefined : wrongEstimate(wrong, statement)
  }
  for (const plan of analysedPlans(pg).get(statement.id) ?? []) {
    const fault = planFaultOf(plan, limits)
    if (fault) return described(fault, statement)
  }
  return undefined
}

/** The cause of what else the plan does wrong: it has no other way to find the rows. */
function hiddenFault(statement: Statement, { table, cast, index, ...hidden }: HiddenIndex): Fault {
  const { condition, isJoin, costBefore, costAfter } = hidden
  const own = columnOf(table, cast.column)?.type ?? ''
  const column = quoted(cast.column)
  return {
    title: `The index ${index.name} is of no use: ${table.name}.${cast.column} (${own}) is compared as ${cast.type}`,
    resource: `${table.name}.${cast.column}`,
    facts: [
      fact('plan cost as it is', costBefore, 'cost', 'pg'),
      fact('plan cost with the index in use', costAfter, 'cost', 'pg'),
      fact('rows of the table', table.rows, 'rows', 'pg'),
    ],
    edit: { kind: 'plan', statements: [{ statementId: statement.id, costBefore, costAfter }] },
    remedy: {
      summary: hidden.isCoarser
        ? `Ask for the span of ${cast.column}, not for its ${cast.type}.`
        : isJoin
          ? 'Join by columns of one type.'
          : `Convert the value, and compare ${cast.column} as it is.`,
      steps: [
        `The plan applies ${excerpt(condition)} to every row; the index holds values of type ${own}.`,
        'The cost with the index is computed as four for each row fetched and for two levels of the tree.',
        ...(isJoin
          ? [
              `Convert the other side in the statement, where all its values are of type ${own}; for good, give its column the type of this one.`,
            ]
          : []),
      ],
      code: { language: 'sql', ...castCode(column, own, cast.type, hidden) },
    },
  }
}

function castCode(
  column: string,
  own: string,
  type: string,
  { isCoarser, isJoin }: Pick<HiddenIndex, 'isCoarser' | 'isJoin'>,
): { readonly before: string; readonly after: string } {
  if (isCoarser)
    return {
      before: `WHERE ${column}::${type} = $1`,
      after: `WHERE ${column} >= $1::date AND ${column} < $1::date + 1`,
    }
  const other = isJoin ? 'other' : '$1'
  return {
    before: `${isJoin ? 'ON' : 'WHERE'} ${column}::${type} = ${other}`,
    after: `${isJoin ? 'ON' : 'WHERE'} ${column} = ${other}::${own}`,
  }
}

function wrongEstimate({ node, expectedRows, foundRows }: Misestimate, { shape }: Statement): Fault {
  const table = node.relation ?? shape?.tables[0] ?? ''
  const columns = [
    ...new Set((shape?.conditions ?? []).filter(({ table: of }) => of === table).map(({ column }) => column)),
  ].slice(0, 4)
  const isCorrelated = columns.length > 1
  return {
    title: `${countText(foundRows)} rows where the plan expected ${countText(expectedRows)}`,
    resource: table,
    facts: [
      fact('rows expected', expectedRows, 'rows', 'pg'),
      fact('rows found', foundRows, 'rows', 'pg'),
      fact('times too low', foundRows / Math.max(1, expectedRows), 'ratio', 'pg'),
    ],
    remedy: {
      summary: isCorrelated
        ? `Tell the planner that ${columns.join(' and ')} go together.`
        : `Refresh the statistics of ${table}.`,
      steps: [
        `${node.nodeType}${node.relation ? ` on ${node.relation}` : ''} was planned for ${rounded(expectedRows, 3)} rows and met ${rounded(foundRows, 3)}.`,
      ],
      code: {
        language: 'sql',
        after: `${isCorrelated ? `CREATE STATISTICS (dependencies, ndistinct, mcv) ON ${columns.map(quoted).join(', ')} FROM ${quoted(table)};\n` : ''}ANALYZE ${quoted(table)};`,
      },
    },
  }
}

function described(fault: PlanFault, statement: Statement): Fault {
  switch (fault.kind) {
    case 'compiled': {
      const { jitMs, executionMs } = fault
      return {
        title: `${msText(jitMs)} of ${msText(executionMs)} go into compiling the statement`,
        resource: 'jit',
        facts: [fact('compiling', jitMs, 'ms', 'pg'), fact('whole statement', executionMs, 'ms', 'pg')],
        edit: {
          kind: 'plan',
          statements: [
            {
              statementId: statement.id,
              costBefore: executionMs,
              costAfter: executionMs - jitMs,
              medianMsBefore: executionMs,
              medianMsAfter: executionMs - jitMs,
            },
          ],
        },
        remedy: {
          summary: 'Compile only what runs for long.',
          steps: [
            'Just-in-time compilation pays for statements of seconds. Its threshold is a cost, and costs grow with wrong estimates and many partitions.',
            'For one role: ALTER ROLE … SET jit = off. No restart is needed.',
          ],
          code: { language: 'sql', after: 'ALTER SYSTEM SET jit_above_cost = 1000000;\nSELECT pg_reload_conf();' },
        },
      }
    }
    case 'loops': {
      const { node, loops, rows } = fault
      return {
        title: `${node.relation ?? 'A list'} of ${countText(rows)} rows is read ${countText(loops)} times in one statement`,
        resource: node.relation ?? 'nested loop',
        facts: [fact('loops', loops, 'count', 'pg'), fact('rows read in each', rows, 'rows', 'pg')],
        remedy: {
          summary: 'Let it join by an equality that an index or a hash can serve.',
          steps: [
            'A loop over a whole table is what is left when the join condition is no plain equality: an OR, a function around the column, another type on the other side.',
            ...(node.filter === undefined ? [] : [`The condition it applies each time: ${excerpt(node.filter)}.`]),
          ],
        },
      }
    }
    case 'lossy': {
      const { lossyBlocks, blocks } = fault
      return {
        title: `${percentText(lossyBlocks / blocks)} of ${countText(blocks)} blocks are checked row by row, because their bitmap did not fit`,
        resource: 'work_mem',
        facts: [fact('lossy blocks', lossyBlocks, 'count', 'pg'), fact('blocks', blocks, 'count', 'pg')],
        remedy: {
          summary: 'Give this statement memory for its bitmap, or a narrower index.',
          steps: ['A bitmap takes about 60 bytes for each block; the memory is for this transaction only.'],
          code: { language: 'sql', after: "SET LOCAL work_mem = '16MB'; -- in the transaction of this statement" },
        },
      }
    }
    case 'removed': {
      const { node, removedRows, keptRows } = fault
      const condition = node.filter === undefined ? '' : `: ${excerpt(node.filter)}`
      return {
        title: `${countText(removedRows)} rows are read and thrown away for ${countText(keptRows)} that are kept`,
        resource: node.relation ?? 'join filter',
        facts: [fact('rows thrown away', removedRows, 'rows', 'pg'), fact('rows kept', keptRows, 'rows', 'pg')],
        remedy: {
          summary: 'Let an index find the few rows that are kept.',
          steps: [
            `${node.nodeType}${node.relation ? ` on ${node.relation}` : ''} applies a condition that no index serves${condition}.`,
            'A plain index on its columns was no help. An index on the expression, a partial one with the constant part as its condition, or a trigram index for text may be.',
          ],
        },
      }
    }
  }
}

function describe(statement: Statement, fault: Fault, statements: StatementsEvidence): Finding {
  const { remedy, edit } = fault
  return {
    fingerprint: fingerprintOf('explain-plans', { statementId: statement.id, resource: fault.resource }),
    practice: 'explain-plans',
    title: fault.title,
    where: { ...placeOf(statement.id, statements), resource: fault.resource },
    facts: fault.facts,
    confidence: 'strong',
    ...(edit ? { edit } : {}),
    remedy: { ...remedy, steps: [`It concerns "${excerpt(statement.text)}".`, ...remedy.steps] },
  }
}

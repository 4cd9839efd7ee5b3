/** Tables joined for nothing: none of their columns is read, and a foreign key says that no row depends on them. */
import {
  type AccessJoin,
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  pass,
  type PgEvidence,
  type PgPlan,
  type Statement,
  type StatementsEvidence,
} from '@whetstone/model'
import { columnOf, tableOf } from '../derive/columns.ts'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { joinCost } from '../derive/join-cost.ts'
import { placeOf } from '../derive/places.ts'
import { plansByStatement } from '../derive/plans.ts'
import { type StatementTime, statementTimes } from '../derive/statement-time.ts'
import { statementsById } from '../derive/statements.ts'

export const joinOptimisation = definePractice({
  id: 'join-optimisation',
  chapter: 'database',
  title: 'Leave out joins that nothing is read from',
  why: 'PostgreSQL leaves out an outer join that nobody reads, but never an inner one: it must look each row up to know that it exists, though a foreign key says so already.',
  unless: [
    'The join is there to take part in the locks or the row security of the other table.',
    'The foreign key is deferred, and the statement runs where a parent may be missing for a moment.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/explicit-joins.html',
    'https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK',
  ],
  needs: ['pg', 'statements'],
  thresholds: {
    timeFraction: { value: 0.05, unit: 'fraction', source: 'of the database time: below it nobody would feel it' },
    meanMs: { value: 1, unit: 'ms', source: 'a lookup of one more row by its key takes microseconds' },
    costFraction: { value: 0.1, unit: 'fraction', source: 'of the plan: less is within what a plan is wrong by' },
  },
  remedy: {
    summary: 'Take the join out of the statement; the foreign key already says that the row exists.',
    example: {
      language: 'sql',
      before: 'SELECT o.id, o.total FROM orders o JOIN customers c ON c.id = o.customer_id',
      after: 'SELECT o.id, o.total FROM orders o  -- customer_id is NOT NULL and references customers (id)',
    },
  },
  detect({ pg, statements }, thresholds) {
    const byId = statementsById(statements)
    const found = statementTimes(statements).flatMap(time => {
      const statement = byId.get(time.statementId)
      if (!statement || time.timeFraction < thresholds.timeFraction || time.meanMs < thresholds.meanMs) return []
      const joins = (statement.access?.unreadJoins ?? []).filter(join => isGuaranteed(join, pg))
      const plan = plansByStatement(pg).get(time.statementId)?.[0]
      const unneeded = plan ? joins.flatMap(join => costOf(join, plan)) : []
      const worth = unneeded.filter(({ costFraction }) => costFraction >= thresholds.costFraction)
      return plan && worth.length > 0 ? [describe({ statement, time, plan, joins: worth }, pg, statements)] : []
    })
    return found.length > 0 ? findings(found) : pass([], 'no join that matters is without use')
  },
})

/** Every row has exactly one partner: its columns are NOT NULL and reference the joined table's key, as the server has checked. */
function isGuaranteed({ table, on }: AccessJoin, pg: PgEvidence): boolean {
  const [parent, child] = [tableOf(pg, table), tableOf(pg, on[0]?.otherTable ?? '')]
  if (!parent || !child) return false
  if (!on.every(({ otherColumn }) => columnOf(child, otherColumn)?.notNull)) return false
  return pg.foreignKeys.some(key => {
    const isBetween = key.schema === child.schema && key.table === child.name && key.referencedTable === parent.name
    const pairs = key.referencedColumns.map((column, at) => `${column} ${key.columns[at]}`)
    const joined = on.map(({ column, otherColumn }) => `${column} ${otherColumn}`)
    const isSame = pairs.length === joined.length && pairs.every(pair => joined.includes(pair))
    return isBetween && isSame && key.validated === true && key.hidesParents === false
  })
}

interface Unneeded {
  readonly join: AccessJoin
  readonly cost: number
  /** Of the whole plan. */
  readonly costFraction: number
}

function costOf(join: AccessJoin, { root }: PgPlan): readonly Unneeded[] {
  const cost = joinCost(root, join.alias)
  return cost === undefined || root.totalCost <= 0 ? [] : [{ join, cost, costFraction: cost / root.totalCost }]
}

interface Read {
  readonly statement: Statement
  readonly time: StatementTime
  readonly plan: PgPlan
  readonly joins: readonly Unneeded[]
}

function describe({ statement, time, plan, joins }: Read, pg: PgEvidence, statements: StatementsEvidence): Finding {
  const tables = joins.map(({ join }) => join.table)
  const resource = tables.join(', ')
  const where = { ...placeOf(statement.id, statements), resource }
  const cost = joins.reduce((sum, join) => sum + join.cost, 0)
  const link = { statementId: statement.id }
  const costAfter = Math.max(0, plan.totalCost - cost)
  return {
    fingerprint: fingerprintOf('join-optimisation', where),
    practice: 'join-optimisation',
    title: `${tables.join(' and ')} ${tables.length === 1 ? 'is' : 'are'} joined and nothing of ${tables.length === 1 ? 'it' : 'them'} is read`,
    where,
    facts: [
      fact('of the plan cost', cost / plan.totalCost, 'fraction', 'pg', link),
      fact('time per call', time.meanMs, 'ms', 'statements', link),
      fact('of the database time', time.timeFraction, 'fraction', 'statements', link),
      fact(
        'rows of the joined table',
        Math.max(...tables.map(name => tableOf(pg, name)?.rows ?? 0)),
        'rows',
        'pg',
        link,
      ),
    ],
    confidence: 'strong',
    edit: {
      kind: 'plan',
      statements: [{ statementId: statement.id, costBefore: plan.totalCost, costAfter }],
    },
    remedy: {
      summary: `Take ${resource} out of "${excerpt(statement.text, 60)}".`,
      steps: [
        ...joins.map(
          ({ join, costFraction }) => `${reason(join)} The join is ${percentText(costFraction)} of the plan.`,
        ),
        `The statement takes ${msText(time.meanMs)} and is called ${countText(time.calls)} times in the window.`,
        'Compare the answers of both on a copy; they must be equal row by row.',
      ],
      code: {
        language: 'sql',
        before: joins.map(({ join }) => joinText(join)).join('\n'),
        after: joins.map(({ join }) => `-- no JOIN ${join.table}: the foreign key says that the row exists`).join('\n'),
      },
    },
  }
}

function reason({ table, on }: AccessJoin): string {
  const columns = on.map(({ otherTable, otherColumn }) => `${otherTable}.${otherColumn}`).join(' and ')
  return `${columns} is NOT NULL and references ${table}: each row has exactly one partner there.`
}

function joinText({ table, alias, on }: AccessJoin): string {
  const terms = on.map(({ column, otherTable, otherColumn }) => `${alias}.${column} = ${otherTable}.${otherColumn}`)
  return `JOIN ${table}${alias === table ? '' : ` ${alias}`} ON ${terms.join(' AND ')}`
}

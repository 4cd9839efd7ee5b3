/** Totals that are added up again for everybody who asks, though hardly anything is written: whether to store them. */
import {
  ask,
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  pass,
  type PgEvidence,
  type PgForeignKey,
  type Statement,
  type StatementsEvidence,
} from '@whetstone/model'
import { aggregatedRows } from '../derive/aggregated-rows.ts'
import { tableOf } from '../derive/columns.ts'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { statementsWantingIndex } from '../derive/index-limits.ts'
import { placeOf } from '../derive/places.ts'
import { plansByStatement } from '../derive/plans.ts'
import { type StatementTime, statementTimes } from '../derive/statement-time.ts'
import { readsRows, statementsById } from '../derive/statements.ts'
import { writesOf } from '../derive/table-writes.ts'

/** An index scan that finds one row, with the default costs of the planner (PostgreSQL manual, "Using EXPLAIN"). */
const lookupCost = 8.3

export const denormalise = definePractice({
  id: 'denormalise',
  chapter: 'database',
  title: 'Denormalise read-heavy data when justified',
  why: 'A total that is asked for a hundred times between two writes is added up ninety-nine times for nothing.',
  unless: [
    'Many writers meet at the same total: each waits for the one before it to commit.',
    'The total need not be of this moment: a cache or a view refreshed by the hour costs the writers nothing.',
    'Nobody would notice a stored total that is wrong.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/plpgsql-trigger.html#PLPGSQL-TRIGGER-SUMMARY-EXAMPLE',
    'https://www.postgresql.org/docs/current/rules-materializedviews.html',
  ],
  needs: ['pg', 'statements'],
  thresholds: {
    timeFraction: {
      value: 0.1,
      unit: 'fraction',
      source: 'of the database time: a second copy must be worth its upkeep',
    },
    meanMs: { value: 2, unit: 'ms', source: 'less than a stored total would take with its round trip' },
    aggregatedRows: { value: 1_000, unit: 'rows', source: 'fewer are added up in a fraction of a millisecond' },
    joinedTables: { value: 3, unit: 'count', source: 'two are joined by one lookup' },
    readsPerWrite: { value: 100, unit: 'ratio', source: 'each write pays an update more, and may wait for it' },
    reads: { value: 50, unit: 'count', source: 'where nothing was written, what "read-heavy" is taken from' },
  },
  remedy: {
    summary: 'Store the total beside its owner and let a trigger keep it; where it may be old, a materialised view.',
    example: {
      language: 'sql',
      before: 'SELECT count(*), sum(cents) FROM orders WHERE customer_id = $1',
      after: `SELECT orders_count, orders_cents FROM customers WHERE id = $1
-- AFTER INSERT OR UPDATE OR DELETE ON orders: UPDATE customers SET orders_count = orders_count + 1, …`,
    },
  },
  detect({ pg, statements }, thresholds, overrides) {
    const wanting = statementsWantingIndex(pg, statements, overrides)
    const byId = statementsById(statements)
    const heavy = statementTimes(statements).flatMap(time => {
      const statement = byId.get(time.statementId)
      if (!statement?.shape || !readsRows(statement) || wanting.has(statement.id)) return []
      if (time.timeFraction < thresholds.timeFraction || time.meanMs < thresholds.meanMs) return []
      const rows = aggregatedRows(pg, statement.id)
      const writes = writesOf(statement, pg, statements)
      const isRead = writes > 0 ? time.calls / writes >= thresholds.readsPerWrite : time.calls >= thresholds.reads
      return isRead ? [{ statement, time, rows, writes, total: totalOf(statement, pg) }] : []
    })
    const added = heavy.filter(({ rows }) => rows >= thresholds.aggregatedRows)
    const stored = added.flatMap(one => (one.total ? [describe(one, one.total, pg, statements)] : []))
    if (stored.length > 0) return findings(stored)
    const [first] = [
      ...added,
      ...heavy.filter(({ statement }) => (statement.shape?.tables.length ?? 0) >= thresholds.joinedTables),
    ]
    if (!first) return pass([], 'nothing is added up or joined again that hardly changes')
    const text = excerpt(first.statement.text, 80)
    return ask(
      `"${text}" takes ${percentText(first.time.timeFraction)} of the database time and its tables hardly change. ` +
        'May its answer be a minute old? Then a materialised view or a cache holds it; if not, a total that a trigger keeps.',
      factsOf(first),
    )
  },
})

interface Heavy {
  readonly statement: Statement
  readonly time: StatementTime
  readonly rows: number
  readonly writes: number
}

interface Total {
  readonly key: PgForeignKey
  /** Columns that are summed up; what is counted needs none. */
  readonly sums: readonly string[]
  readonly counts: boolean
}

/** Counts and sums of the children of one parent, and nothing else: what a trigger keeps exactly. */
function totalOf({ shape, text }: Statement, pg: PgEvidence): Total | undefined {
  const [condition, ...more] = shape?.conditions ?? []
  if (!shape?.hasAggregate || shape.groupBy || shape.tables.length !== 1 || shape.hasLimit) return undefined
  if (condition?.operator !== 'equal' || more.length > 0) return undefined
  if (/\b(?:distinct|filter|over|avg|min|max|having|\w+_agg|percentile_\w+)\b/i.test(text)) return undefined
  const child = tableOf(pg, condition.table)
  const key = pg.foreignKeys.find(
    one =>
      one.schema === child?.schema &&
      one.table === child.name &&
      one.columns.length === 1 &&
      one.columns[0] === condition.column,
  )
  const calls = [...text.matchAll(/\b(count|sum)\s*\(\s*(?:(?:\w+\.)?(\w+)|\*)\s*\)/gi)]
  const aggregates = [...text.matchAll(/\b(?:count|sum)\s*\(/gi)]
  // A sum of an expression is not kept by adding a column.
  if (!key || calls.length === 0 || calls.length !== aggregates.length) return undefined
  const isCount = ([, name = '']: RegExpMatchArray) => name.toLowerCase() === 'count'
  // count(column) leaves NULLs out.
  if (calls.some(call => isCount(call) && call[2] !== undefined)) return undefined
  return { key, sums: calls.flatMap(call => (isCount(call) ? [] : (call[2] ?? []))), counts: calls.some(isCount) }
}

function factsOf({ statement, time, rows, writes }: Heavy): readonly Fact[] {
  const link = { statementId: statement.id }
  return [
    fact('of the database time', time.timeFraction, 'fraction', 'statements', link),
    fact('time per call', time.meanMs, 'ms', 'statements', link),
    fact('rows added up per call', rows, 'rows', 'pg', link),
    fact('calls in the window', time.calls, 'count', 'statements', link),
    fact('rows written to its tables meanwhile', writes, 'rows', 'pg', link),
  ]
}

function describe(heavy: Heavy, total: Total, pg: PgEvidence, statements: StatementsEvidence): Finding {
  const { statement, time, rows, writes } = heavy
  const { key } = total
  const resource = `${key.referencedTable} totals of ${key.table}`
  const where = { ...placeOf(statement.id, statements), resource }
  const costBefore = plansByStatement(pg).get(statement.id)?.[0]?.totalCost
  return {
    fingerprint: fingerprintOf('denormalise', where),
    practice: 'denormalise',
    title: `${countText(rows)} rows of ${key.table} are added up in every call, and hardly any is written`,
    where,
    facts: factsOf(heavy),
    // Whether writers would wait for each other at the total, only their load can tell.
    confidence: 'suspected',
    ...(costBefore !== undefined && costBefore > lookupCost
      ? { edit: { kind: 'plan', statements: [{ statementId: statement.id, costBefore, costAfter: lookupCost }] } }
      : {}),
    remedy: {
      summary: `Store what "${excerpt(statement.text, 60)}" adds up in ${key.referencedTable}, kept by a trigger.`,
      steps: [
        `It takes ${msText(time.meanMs)}, ${percentText(time.timeFraction)} of the database time; ${countText(time.calls)} calls met ${countText(writes)} rows written.`,
        `The price: each row written to ${key.table} updates one row of ${key.referencedTable}, and writers of the same one wait for each other until they commit.`,
        'Fill it in the same transaction that creates the trigger, and compare it with the sum now and then: a total nobody checks is wrong one day.',
        'Where it may be a minute old, a cache or REFRESH MATERIALIZED VIEW CONCURRENTLY costs the writers nothing.',
      ],
      code: { language: 'sql', before: excerpt(statement.text, 200), after: triggerSql(total) },
    },
  }
}

function triggerSql({ key, sums, counts }: Total): string {
  const [child, parent] = [key.table, key.referencedTable]
  const columns = [
    ...(counts ? [{ name: `${child}_count`, of: '1', all: 'count(*)' }] : []),
    ...sums.map(sum => ({ name: `${child}_${sum}`, of: sum, all: `coalesce(sum(${sum}), 0)` })),
  ]
  const change = (row: 'NEW' | 'OLD', sign: '+' | '-') => {
    const set = columns.map(({ name, of }) => {
      const value = of === '1' ? '1' : `coalesce(${row}.${of}, 0)`
      return `${name} = ${name} ${sign} ${value}`
    })
    return `UPDATE ${parent} SET ${set.join(', ')} WHERE ${key.referencedColumns[0]} = ${row}.${key.columns[0]};`
  }
  const fill = columns.map(
    ({ name, all }) =>
      `${name} = (SELECT ${all} FROM ${child} c WHERE c.${key.columns[0]} = p.${key.referencedColumns[0]})`,
  )
  return `BEGIN;
LOCK TABLE ${child} IN SHARE ROW EXCLUSIVE MODE;  -- writers wait until the totals are filled
ALTER TABLE ${parent} ${columns.map(({ name }) => `ADD COLUMN ${name} bigint NOT NULL DEFAULT 0`).join(', ')};
CREATE FUNCTION keep_${child}_totals() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP <> 'INSERT' THEN ${change('OLD', '-')} END IF;
  IF TG_OP <> 'DELETE' THEN ${change('NEW', '+')} END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER keep_totals AFTER INSERT OR UPDATE OR DELETE ON ${child}
  FOR EACH ROW EXECUTE FUNCTION keep_${child}_totals();
UPDATE ${parent} p SET ${fill.join(', ')};
COMMIT;`
}

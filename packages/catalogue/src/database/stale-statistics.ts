/** Heavy statements that are planned for a table as it was before it changed. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type PgTable,
  type Statement,
  type StatementsEvidence,
} from '@whetstone/model'
import { tableOf } from '../derive/columns.ts'
import { countText, excerpt, fact, percentText } from '../derive/figures.ts'
import {
  costlyStatements,
  estimateThresholds,
  type Misestimate,
  misestimates,
  returnedMisestimate,
} from '../derive/misestimates.ts'
import { placeOf } from '../derive/places.ts'
import { statementsById } from '../derive/statements.ts'
import { isNeverAnalysed, isStale } from '../derive/table-health.ts'
import { qualifiedSql } from '../derive/table-sql.ts'

export const staleStatistics = definePractice({
  id: 'stale-statistics',
  chapter: 'database',
  title: 'Fresh planner statistics',
  why: 'The planner knows a table from a sample. After a bulk load it still plans for the table as it was, and picks loops where a hash would take a hundredth of the time.',
  unless: [
    'Autovacuum analyses the table within the minute anyway and nobody waits for it.',
    'The plan stays right: a changed table with the same shape needs no new sample.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/planner-stats.html',
    'https://www.postgresql.org/docs/current/populate.html#POPULATE-ANALYZE',
  ],
  needs: ['pg', 'statements'],
  thresholds: {
    changedFraction: { value: 0.1, unit: 'fraction', source: 'autovacuum_analyze_scale_factor' },
    ...estimateThresholds,
  },
  remedy: {
    summary: 'Analyse after every bulk load, and large tables sooner than at ten per cent.',
    example: {
      language: 'sql',
      before: `COPY visits FROM STDIN;  -- two million rows into a table that was sampled when it was empty`,
      after: `COPY visits FROM STDIN;
ANALYZE visits;
ALTER TABLE visits SET (autovacuum_analyze_scale_factor = 0.02);`,
    },
  },
  detect({ pg, statements }, thresholds) {
    if (pg.tables.every(table => table.modifiedSinceAnalyze === undefined))
      return notApplicable('what changed since the last ANALYZE was not read')
    const byId = statementsById(statements)
    const costly = costlyStatements(statements, thresholds)
    const found = new Map<string, Finding>()
    for (const time of costly) {
      const statement = byId.get(time.statementId)
      if (!statement) continue
      const stale = [...new Set(statement.shape?.tables)]
        .flatMap(name => tableOf(pg, name) ?? [])
        .filter(table => table.rows >= thresholds.rows && isStale(table, thresholds.changedFraction))
      if (stale.length === 0) continue
      const wrong = misestimates(pg, statement.id, thresholds)
      const returned = returnedMisestimate(pg, statement, time, thresholds)
      for (const table of stale) {
        const seen =
          wrong.find(({ node }) => node.relation === table.name) ?? (stale.length === 1 ? returned : undefined)
        if (seen && !found.has(table.name)) found.set(table.name, describe(table, statement, seen, statements))
      }
    }
    if (found.size > 0) return findings([...found.values()])
    if (costly.length === 0) return notApplicable('no statement is heavy enough for its plan to matter')
    return pass([], 'the plans of the heavy statements expect the rows they meet')
  },
})

const expectedText = (rows: number) => (rows === 1 ? 'one row' : `${countText(rows)} rows`)

function describe(
  table: PgTable,
  statement: Statement,
  { expectedRows, foundRows }: Misestimate,
  statements: StatementsEvidence,
): Finding {
  const changed = table.modifiedSinceAnalyze ?? table.rows
  const isNew = isNeverAnalysed(table)
  const name = qualifiedSql(table)
  return {
    fingerprint: fingerprintOf('stale-statistics', { resource: table.name }),
    practice: 'stale-statistics',
    title: isNew
      ? `${table.name} (${countText(table.rows)} rows) was never analysed: a plan expects ${expectedText(expectedRows)} and meets ${countText(foundRows)}`
      : `${countText(changed)} rows of ${table.name} changed since it was analysed: a plan expects ${expectedText(expectedRows)} and meets ${countText(foundRows)}`,
    where: { ...placeOf(statement.id, statements), resource: table.name },
    facts: [
      fact('rows changed since the last ANALYZE', changed, 'rows', 'pg'),
      fact('rows of the table', table.rows, 'rows', 'pg'),
      fact('rows expected', expectedRows, 'rows', 'pg', { statementId: statement.id }),
      fact('rows found', foundRows, 'rows', 'pg', { statementId: statement.id }),
    ],
    confidence: 'strong',
    remedy: {
      summary: `Analyse ${table.name}, and do so at the end of every job that loads it.`,
      steps: [
        `It concerns "${excerpt(statement.text)}".`,
        table.autovacuum?.enabled === false
          ? 'Autovacuum is off for it, so nobody else will.'
          : `Autovacuum analyses it after ${percentText(table.autovacuum?.analyzeScaleFactor ?? 0.1)} of its rows changed, and up to a minute later: a job that loads much should not wait for that.`,
        'ANALYZE reads a sample of 30,000 rows and blocks nobody.',
      ],
      code: {
        language: 'sql',
        after: [
          `ANALYZE ${name};`,
          ...(table.autovacuum?.enabled === false ? [`ALTER TABLE ${name} RESET (autovacuum_enabled);`] : []),
          `ALTER TABLE ${name} SET (autovacuum_analyze_scale_factor = 0.02);`,
        ].join('\n'),
      },
    },
  }
}

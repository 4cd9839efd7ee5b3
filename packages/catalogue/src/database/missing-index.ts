/** Tables read in full to find a few rows; the owner of the reading that composite-index and foreign-key-index share. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  investigate,
  type Outcome,
  pass,
  type PgEvidence,
  type StatementsEvidence,
} from '@whetstone/model'
import { tableOf } from '../derive/columns.ts'
import { countText, excerpt, fact, msText } from '../derive/figures.ts'
import { type IndexAdvice, type IndexAdviceLimits, readIndexes } from '../derive/index-advice.ts'
import type { IndexVariant } from '../derive/index-candidates.ts'
import { indexOwners, indexThresholds } from '../derive/index-limits.ts'
import { createIndexSql, indexText } from '../derive/index-sql.ts'
import { placeOf } from '../derive/places.ts'
import { statementsById } from '../derive/statements.ts'

export const missingIndex = definePractice({
  id: 'missing-index',
  chapter: 'database',
  title: 'Add the right indexes',
  why: 'Without an index on the column it searches by, PostgreSQL reads every row of the table for each call: the time grows with the table, not with the answer.',
  unless: [
    'The table is small, or the condition keeps a large part of it: reading it in full is then the faster plan.',
    'The table is written far more often than it is read: every index is paid for at each write.',
    'The statement is a rare report whose time nobody waits for.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/indexes.html',
    'https://github.com/ankane/dexter',
    'https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY',
  ],
  needs: ['pg', 'statements'],
  thresholds: indexThresholds,
  remedy: {
    summary: 'Create the index without blocking writes; it was planned against your statements first.',
    example: {
      language: 'sql',
      before: 'SELECT * FROM items WHERE order_id = 7;  -- Seq Scan on items, 900,000 rows',
      after: 'CREATE INDEX CONCURRENTLY items_order_id_idx ON items (order_id);',
    },
  },
  detect: ({ pg, statements }, limits) => indexOutcome('missing-index', pg, statements, limits),
})

/** Each practice asks for and reports its own kind of index, judged beside all the others. */
export function indexOutcome(
  practice: keyof typeof indexOwners,
  pg: PgEvidence,
  statements: StatementsEvidence,
  limits: IndexAdviceLimits,
): Outcome {
  const reading = readIndexes(pg, statements, limits)
  const variant = indexOwners[practice]
  if (reading.kind === 'ask') {
    const own = reading.questions.filter(question => question.variant === variant)
    if (own.length === 0) return pass([], 'no statement calls for one')
    return investigate(
      own.map(({ candidate, statementIds }) => ({ kind: 'index-trial' as const, candidate, statementIds })),
    )
  }
  const own = reading.advice.filter(({ question }) => question.variant === variant)
  if (own.length === 0) return pass([], `${reading.questions.length} candidates planned, none of them pays here`)
  return findings(own.map(advice => indexFinding(practice, advice, pg, statements)))
}

function indexFinding(
  practice: string,
  { question, trial, served }: IndexAdvice,
  pg: PgEvidence,
  statements: StatementsEvidence,
): Finding {
  const { candidate } = question
  const first = served[0]!
  const resource = indexText(candidate)
  const table = tableOf(pg, `${candidate.schema}.${candidate.table}`)
  const timed = first.medianMsBefore !== undefined && first.medianMsAfter !== undefined
  const link = { statementId: first.statementId }
  return {
    // The heaviest statement may change from run to run; the missing index does not.
    fingerprint: fingerprintOf(practice, { resource }),
    practice,
    title: titleOf(question.variant, candidate, table?.rows ?? 0, onlySorts(first.statementId, candidate, statements)),
    where: { ...placeOf(first.statementId, statements), resource },
    facts: [
      ...(timed
        ? [
            fact('time without the index', first.medianMsBefore, 'ms', 'pg', link),
            fact('time with the index', first.medianMsAfter, 'ms', 'pg', link),
          ]
        : []),
      fact('plan cost without the index', first.costBefore, 'cost', 'pg', link),
      fact('plan cost with the index', first.costAfter, 'cost', 'pg', link),
      fact('rows of the table', table?.rows ?? 0, 'rows', 'pg', link),
      fact('statements it serves', served.length, 'count', 'pg', link),
      ...(trial?.indexBytes === undefined ? [] : [fact('size of the index', trial.indexBytes, 'bytes', 'pg', link)]),
    ],
    confidence: !trial ? 'suspected' : timed ? 'measured' : 'strong',
    edit: {
      kind: 'plan',
      statements: served.map(({ statementId, costBefore, costAfter, medianMsBefore, medianMsAfter }) => ({
        statementId,
        costBefore,
        costAfter,
        ...(medianMsBefore === undefined || medianMsAfter === undefined ? {} : { medianMsBefore, medianMsAfter }),
      })),
    },
    remedy: {
      summary: `Create an index on ${resource}.`,
      steps: stepsOf({ question, served, ...(trial ? { trial } : {}) }, statements, table?.updates ?? 0),
      code: { language: 'sql', after: createIndexSql(candidate) },
    },
  }
}

function titleOf(
  variant: IndexVariant,
  { table, columns, method }: IndexAdvice['question']['candidate'],
  rows: number,
  sorts: boolean,
) {
  const names = columns.map(column => column.name)
  const scan = `${table} is read in full (${countText(rows)} rows)`
  if (method === 'gin') return `${scan} to search inside ${names[0]}`
  if (variant === 'foreign-key') return `${scan} to follow its foreign key ${names[0]}`
  if (variant === 'composite')
    return `${table} (${countText(rows)} rows) has no index on ${names.join(' and ')} together`
  return `${scan} to ${sorts ? 'sort' : 'find rows'} by ${names[0]}`
}

/** The statement orders by the column and has no condition on it. */
function onlySorts(
  statementId: string,
  { table, columns }: IndexAdvice['question']['candidate'],
  statements: StatementsEvidence,
): boolean {
  const shape = statementsById(statements).get(statementId)?.shape
  const isFirst = (one: { readonly table: string; readonly column: string }) =>
    one.column === columns[0]?.name && one.table.split('.').at(-1) === table
  return shape !== undefined && shape.orderBy.some(isFirst) && !shape.conditions.some(isFirst)
}

function stepsOf({ trial, served }: IndexAdvice, statements: StatementsEvidence, updates: number): readonly string[] {
  const byId = statementsById(statements)
  const [first] = served
  return [
    `It serves ${served.map(({ statementId }) => `"${excerpt(byId.get(statementId)?.text ?? statementId, 110)}"`).join(', ')}.`,
    ...(trial
      ? [
          `Tried ${first && first.parameterSets > 0 ? `with ${first.parameterSets} captured parameter sets` : 'with the generic plan'} before it was proposed${first?.medianMsBefore !== undefined && first.medianMsAfter !== undefined ? `: ${msText(first.medianMsBefore)} became ${msText(first.medianMsAfter)}` : ''}.`,
        ]
      : ['It could not be planned here: compare EXPLAIN before and after on a copy first.']),
    'CONCURRENTLY does not block writes; run it outside a transaction, and drop the invalid index if it is interrupted.',
    ...(updates > 0 ? ['The table is updated: updates of an indexed column can no longer be heap-only.'] : []),
  ]
}

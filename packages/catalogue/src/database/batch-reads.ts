/** A few rows of one table read by their keys one by one within a request, too few to be called a loop. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type Statement,
} from '@whetstone/model'
import { keyKnowledge } from '../derive/columns.ts'
import { countText, excerpt, percentText } from '../derive/figures.ts'
import { collapsed, loopFacts } from '../derive/loop-cost.ts'
import { type LoopSummary, repeatsByStatement, summarise } from '../derive/repeats.ts'
import { forManyKeys, type KeyKnowledge } from '../derive/rewrite-sql.ts'
import { codeOf, oneLine } from '../derive/sql-code.ts'
import { readsRows, siteOf, statementsById } from '../derive/statements.ts'

export const batchReads = definePractice({
  id: 'batch-reads',
  chapter: 'database',
  title: 'Load rows by key together',
  why: 'Author, editor and reviewer are three rows of one table: asked for one by one they are three round trips, each of which waits for a connection, a parse and a plan.',
  unless: [
    'The second key is in the first row: then a join finds both.',
    'A cache answers most of them, and the reads that are left are few.',
  ],
  sources: [
    'https://github.com/graphql/dataloader#batching',
    'https://www.postgresql.org/docs/current/functions-comparisons.html#FUNCTIONS-COMPARISONS-ANY-SOME',
  ],
  needs: ['traces', 'statements'],
  optional: ['pg'],
  thresholds: {
    runs: { value: 3, unit: 'count', source: 'two reads may well depend on one another; three rarely do' },
    loopRuns: {
      value: 5,
      unit: 'count',
      source: 'from there on it is the loop of n-plus-one, whose own threshold counts where it is set',
    },
    savedMs: { value: 2, unit: 'ms', source: 'reads by primary key are cheap: below it nobody feels the difference' },
    timeFraction: { value: 0.2, unit: 'fraction', source: 'a fifth of the request, so that asking once is felt' },
    requestFraction: {
      value: 0.5,
      unit: 'fraction',
      source: 'in most requests of the route it is the way it is written',
    },
  },
  remedy: {
    summary: 'Ask for each key where it is needed, and let a batch load all keys of one tick with one statement.',
    library: '@whetstone/runtime/batch batched(), or DataLoader',
    example: {
      language: 'ts',
      before: `const author = await userById(post.authorId)
const editor = await userById(post.editorId)
const reviewer = await userById(post.reviewerId)`,
      after: `const userById = batched(
  async (ids: readonly number[]) => (await db.query<User>('SELECT * FROM users WHERE id = ANY($1)', [ids])).rows,
  { by: user => user.id },
)

const [author, editor, reviewer] = await Promise.all([post.authorId, post.editorId, post.reviewerId].map(id => userById(id)))`,
    },
  },
  detect({ traces, statements, pg }, thresholds, overrides) {
    const byId = statementsById(statements)
    if (traces.traces.length === 0) return notApplicable('no request was traced')
    const loopRuns = overrides('n-plus-one')['runs'] ?? thresholds.loopRuns
    const found = repeatsByStatement(traces).flatMap((repeats): Finding[] => {
      const statement = byId.get(repeats.key)
      if (!statement || !isReadByKey(statement)) return []
      const loop = summarise(repeats, thresholds.runs)
      if (!loop || loop.count >= loopRuns || loop.requestFraction < thresholds.requestFraction) return []
      // Without parameters it may be one row again and again.
      if (loop.distinctFraction === undefined || loop.distinctFraction < 1) return []
      const savedMs = loop.coveredMs - loop.perRunMs
      if (savedMs < thresholds.savedMs || loop.timeFraction < thresholds.timeFraction) return []
      const route = repeats.route.route
      const site = siteOf(route, statement.id, statements, traces) ?? loop.site
      const where = { route, statementId: statement.id, ...(site ? { site } : {}) }
      return [describe(where, statement, loop, keyKnowledge(pg))]
    })
    return found.length > 0
      ? findings(found)
      : pass([], `no request reads ${thresholds.runs} rows of a table by key at a cost`)
  },
})

/** One table, one key; what counts or locks is read for another reason. */
function isReadByKey(statement: Statement): boolean {
  const { shape } = statement
  if (!shape || !readsRows(statement) || shape.hasAggregate || shape.isCount) return false
  return new Set(shape.tables).size === 1 && shape.conditions.some(({ operator }) => operator === 'equal')
}

function describe(
  where: Finding['where'],
  statement: Statement,
  loop: LoopSummary,
  knowledge: KeyKnowledge | undefined,
): Finding {
  const table = statement.shape?.tables[0] ?? 'one table'
  const [call] = where.site ?? []
  return {
    fingerprint: fingerprintOf('batch-reads', where),
    practice: 'batch-reads',
    title: `${countText(loop.count)} reads of ${table} by key per request where 1 would do`,
    where,
    facts: loopFacts(loop, statement.id, { runs: 'reads by key per request', one: 'one read' }),
    confidence: 'strong',
    edit: collapsed([statement.id], where),
    remedy: {
      summary: `Load all ${countText(loop.count)} rows of "${excerpt(statement.text, 60)}" together.`,
      steps: [
        ...(call ? [`One of the reads runs at ${call.file}:${call.line}.`] : []),
        loop.concurrent
          ? 'The reads are already started together: a batch also makes them one statement on one connection.'
          : 'Start the reads together, so that their keys meet in one batch.',
        `They take ${percentText(loop.timeFraction)} of the request now.`,
      ],
      ...codeOf('ts', `await db.query(\`${oneLine(statement.text)}\`, [key])`, batchedCode(statement, knowledge)),
    },
  }
}

/** Undefined where the key cannot be found in the text, or where there is more than the key. */
function batchedCode(statement: Statement, knowledge: KeyKnowledge | undefined): string | undefined {
  const many = forManyKeys(statement, knowledge)
  if (!many || statement.text.includes('$2')) return undefined
  const table = statement.shape?.tables[0] ?? ''
  const isOne = knowledge ? knowledge.isUnique(table, many.keyColumn) : many.keyColumn === 'id'
  // No context for the query: a pool of node-postgres takes a third argument for its callback, and answers nothing.
  return `const rowOf = batched(
  async keys => (await db.query(\`${many.sql}\`, [keys])).rows,
  { by: row => row.${many.keyColumn}${isOne ? '' : ', many: true'} },
)`
}

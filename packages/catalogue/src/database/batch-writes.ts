/** Rows written one statement at a time within a request. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type PgEvidence,
  type Statement,
} from '@whetstone/model'
import { columnOf, tableOf } from '../derive/columns.ts'
import { countText, fact, percentText } from '../derive/figures.ts'
import { quoted } from '../derive/index-sql.ts'
import { type LoopSummary, repeatsByStatement, summarise } from '../derive/repeats.ts'
import { codeOf, hasPlaceholders, oneLine } from '../derive/sql-code.ts'
import { siteOf, statementsById, workOf } from '../derive/statements.ts'

export const batchWrites = definePractice({
  id: 'batch-writes',
  chapter: 'database',
  title: 'Write many rows in one statement',
  why: 'Each single-row write pays a round trip, and outside a transaction also a commit that waits for the disk.',
  unless: [
    'Each write decides whether the next one happens.',
    'The rows are so many that one statement would hold locks for long: then write batches of a few thousand.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/populate.html',
    'https://www.postgresql.org/docs/current/functions-array.html',
  ],
  needs: ['traces', 'statements'],
  optional: ['pg'],
  thresholds: {
    runs: { value: 5, unit: 'count', source: 'as for reads: Sentry N+1 DB queries, default count' },
    totalMs: { value: 50, unit: 'ms', source: 'as for reads: Sentry n_plus_one_db.duration_threshold' },
    timeFraction: { value: 0.1, unit: 'fraction', source: 'a tenth of the request' },
  },
  remedy: {
    summary: 'Send the rows as arrays and unnest them in one statement.',
    example: {
      language: 'ts',
      before: `for (const item of items) {
  await db.query('INSERT INTO items (order_id, sku) VALUES ($1, $2)', [order.id, item.sku])
}`,
      after: `await db.query(
  'INSERT INTO items (order_id, sku) SELECT * FROM unnest($1::bigint[], $2::text[])',
  [items.map(() => order.id), items.map(item => item.sku)],
)`,
    },
    withRuntime: `import { insertMany } from '@whetstone/runtime/data'

const rows = items.map(item => ({ order_id: order.id, sku: item.sku }))
await insertMany(pool, { table: 'items', columns: { order_id: 'bigint', sku: 'text' } }, rows)`,
  },
  detect({ traces, statements, pg }, thresholds) {
    const byId = statementsById(statements)
    const writes = repeatsByStatement(traces).flatMap(repeats => {
      const statement = byId.get(repeats.key)
      return statement && workOf(statement) === 'write' ? [{ repeats, statement }] : []
    })
    if (![...byId.values()].some(statement => workOf(statement) === 'write')) return notApplicable('no request writes')
    const found = writes.flatMap(({ repeats, statement }) => {
      // An INSERT of many tuples is a batch already.
      if (statement.shape?.operation === 'insert' && !statement.shape.singleRowInsert) return []
      const loop = summarise(repeats, thresholds.runs)
      const isHeavy =
        loop !== undefined && (loop.timeFraction >= thresholds.timeFraction || loop.coveredMs >= thresholds.totalMs)
      if (!loop || !isHeavy) return []
      const route = repeats.route.route
      const site = siteOf(route, statement.id, statements, traces) ?? loop.site
      const outside = repeats.loops.every(({ spans }) => spans.every(span => span.transaction === undefined))
      const where = { route, statementId: statement.id, ...(site ? { site } : {}) }
      return [describe(where, statement, loop, outside, pg)]
    })
    return found.length > 0
      ? findings(found)
      : pass([], `no write repeats ${thresholds.runs} times in a request at a cost`)
  },
})

function describe(
  where: Finding['where'],
  statement: Statement,
  loop: LoopSummary,
  outsideTransaction: boolean,
  pg: PgEvidence | undefined,
): Finding {
  const link = { traceId: loop.exampleTraceId, statementId: statement.id }
  const operation = statement.shape?.operation ?? 'write'
  const batch = batched(statement, pg)
  const [call, caller] = where.site ?? []
  return {
    fingerprint: fingerprintOf('batch-writes', where),
    practice: 'batch-writes',
    title: `${countText(loop.count)} single-row ${operation}s per request where 1 would do`,
    where,
    facts: [
      fact('runs of one statement per request', loop.count, 'count', 'traces', link),
      fact('time in them per request', loop.coveredMs, 'ms', 'traces', link),
      fact('share of the request', loop.timeFraction, 'fraction', 'traces', link),
      fact('one run', loop.perRunMs, 'ms', 'traces', link),
    ],
    confidence: 'strong',
    edit: {
      kind: 'trace',
      change: { kind: 'collapse', statementIds: [statement.id] },
      ...(where.route === undefined ? {} : { route: where.route }),
    },
    remedy: {
      summary: `Write all ${countText(loop.count)} rows with one statement.`,
      steps: [
        ...(call
          ? [
              `The write runs at ${call.file}:${call.line}${caller ? `, called from ${caller.file}:${caller.line}` : ''}.`,
            ]
          : []),
        `The writes take ${percentText(loop.timeFraction)} of the request.`,
        ...(batch ? [] : ['Pass one array for each column and let unnest() make rows of them inside the statement.']),
        ...(outsideTransaction
          ? [
              'Each now commits by itself: a failure in the middle leaves half of the rows; one statement is all or nothing.',
            ]
          : []),
      ],
      ...codeOf('sql', oneLine(statement.text), batch),
    },
  }
}

/** Undefined where the text is not plain, or where a column's type is not known: `unnest` needs the right one. */
function batched({ text, shape }: Statement, pg: PgEvidence | undefined): string | undefined {
  const line = oneLine(text)
  const table = pg && shape?.tables[0] !== undefined ? tableOf(pg, shape.tables[0]) : undefined
  const typeOf = (name: string) => table && columnOf(table, bareName(name))?.type
  const arraysOf = (columns: readonly string[]) => {
    const types = columns.map(typeOf)
    return types.includes(undefined) ? undefined : types.map((type, at) => `$${at + 1}::${type}[]`).join(', ')
  }
  return batchedInsert(line, arraysOf) ?? batchedChange(line, arraysOf)
}

type ArraysOf = (columns: readonly string[]) => string | undefined

function batchedInsert(line: string, arraysOf: ArraysOf): string | undefined {
  const [, head, list = '', values = '', rest = ''] =
    /^(insert into \S+ ?\(([^)]*)\)) values ?\(((?:\$\d+|, ?)+)\)(.*)$/i.exec(line) ?? []
  const columns = list.split(',').map(name => name.trim())
  const arrays = values.split(',').length === columns.length ? arraysOf(columns) : undefined
  // A `$n` behind the rows, as in ON CONFLICT … WHERE, would get another meaning.
  return arrays === undefined || hasPlaceholders(rest) ? undefined : `${head} SELECT * FROM unnest(${arrays})${rest}`
}

function batchedChange(line: string, arraysOf: ArraysOf): string | undefined {
  const [, verb = '', name = '', sets = '', key = ''] =
    /^(update|delete from) (\S+)(?: set (.*?))? where (\S+) ?= ?\$\d+$/i.exec(line) ?? []
  if (/^delete/i.test(verb)) {
    const keys = arraysOf([key])
    return keys && `${verb} ${name} WHERE ${key} = ANY(${keys})`
  }
  const isPlain = sets.split(',').every(set => /^\s*\S+\s*=\s*\$\d+\s*$/.test(set))
  const all = [key, ...sets.split(',').map(set => set.split('=')[0]!.trim())]
  const arrays = isPlain ? arraysOf(all) : undefined
  if (arrays === undefined) return undefined
  const bare = all.map(column => quoted(bareName(column)))
  const changes = bare.slice(1).map(column => `${column} = v.${column}`)
  return `UPDATE ${name} AS t SET ${changes.join(', ')} FROM unnest(${arrays}) AS v(${bare.join(', ')}) WHERE t.${bare[0]} = v.${bare[0]}`
}

function bareName(path: string): string {
  return path.replaceAll('"', '').split('.').at(-1) ?? ''
}

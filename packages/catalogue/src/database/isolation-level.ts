/** Updates that overwrite each other because both read first, and transactions the server gives up that nobody tries again. */
import {
  ask,
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  placeText,
  type StatementsEvidence,
  type TracesEvidence,
} from '@whetstone/model'
import { countText, excerpt, fact, percentText } from '../derive/figures.ts'
import { type ReadModifyWrite, readModifyWrites } from '../derive/read-modify-write.ts'
import { siteOf, statementsById } from '../derive/statements.ts'

export const isolationLevel = definePractice({
  id: 'isolation-level',
  chapter: 'database',
  title: 'Choose the isolation that the work needs',
  why: 'At READ COMMITTED two requests may read the same value and both write what they made of it: one of the two updates is gone, and nobody is told. SERIALIZABLE notices, by giving up one of the two: somebody then has to try it again.',
  unless: [
    'The last writer is meant to win, as where a form overwrites what was there.',
    'Only one process ever writes the row.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/transaction-iso.html',
    'https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html',
  ],
  needs: ['traces', 'statements'],
  optional: ['pg'],
  thresholds: {
    races: { value: 3, unit: 'count', source: 'pairs seen in a sample of the requests; fewer may be one slow answer' },
    values: {
      value: 3,
      unit: 'count',
      source: 'different values written to one row by equal requests: they come from the row, not from the request',
    },
    conflictFraction: {
      value: 0.01,
      unit: 'fraction',
      source: 'one transaction in a hundred given up: as many requests fail where nobody tries again',
    },
    repeatedFraction: { value: 0.2, unit: 'fraction', source: 'every fifth transaction is worked twice' },
  },
  remedy: {
    summary: 'Let the database compute the new value; where that cannot be, SERIALIZABLE and a retry.',
    library: '@whetstone/runtime/data tx({ isolation, retry })',
    example: {
      language: 'ts',
      before: `const { rows } = await pool.query('SELECT n FROM counters WHERE id = $1', [id])
await pool.query('UPDATE counters SET n = $1 WHERE id = $2', [rows[0].n + 1, id])`,
      after: `await pool.query('UPDATE counters SET n = n + 1 WHERE id = $1', [id])`,
    },
    withRuntime: `// Where the new value needs code: run again, with jitter and on a free connection, after 40001 and 40P01 only.
await pool.tx(
  async client => {
    const { rows } = await client.query<{ n: string }>('SELECT n FROM counters WHERE id = $1', [id])
    await client.query('UPDATE counters SET n = $1 WHERE id = $2', [nextOf(rows[0]!.n), id])
  },
  { isolation: 'serializable', retry: 5 },
)`,
  },
  detect({ traces, statements, pg }, thresholds) {
    const conflicts = conflictsOf(traces, statements, pg?.activity.sessions?.deadlocks ?? 0)
    const shapes = readModifyWrites(traces, statements, pg)
    const lost = shapes.filter(
      ({ races, valuesOfOneRow }) => races >= thresholds.races && valuesOfOneRow >= thresholds.values,
    )
    const found = [
      ...lost.map(describeLost),
      ...conflicts.flatMap(one => {
        const isLost = one.fraction >= thresholds.conflictFraction && one.failed > 0
        const isWaste = one.failed === 0 && one.fraction >= thresholds.repeatedFraction
        return isLost || isWaste ? [describeConflicts(one, statements, traces)] : []
      }),
    ]
    if (found.length > 0) return findings(found)
    const [shape] = shapes.toSorted((a, b) => b.requests - a.requests)
    if (shape !== undefined)
      return ask(
        `${shape.route} reads ${shape.table}.${shape.column} and writes it afterwards${shape.site ? ` (${placeText(shape.site)})` : ''}: does what it writes depend on what it read?`,
        [
          fact('sampled requests that do it', shape.requests, 'count', 'traces', { traceId: shape.exampleTraceId }),
          fact('pairs that did it to one row at once', shape.races, 'count', 'traces'),
        ],
      )
    const changes = statements.statements.some(({ shape: one }) => one?.operation === 'update')
    return changes
      ? pass([], 'no request writes back what it read, and no transaction was given up')
      : notApplicable('no request updates a row')
  },
})

function describeLost(one: ReadModifyWrite): Finding {
  const where = {
    route: one.route,
    statementId: one.write.id,
    resource: `${one.table}(${one.column})`,
    ...(one.site ? { site: one.site } : {}),
  }
  return {
    fingerprint: fingerprintOf('isolation-level', where),
    practice: 'isolation-level',
    title: `Requests overwrite each other's ${one.table}.${one.column}: ${countText(one.races)} pairs read before either wrote`,
    where,
    facts: [
      fact('pairs that read the same row before either wrote it', one.races, 'count', 'traces', {
        traceId: one.exampleTraceId,
      }),
      fact('sampled requests that read and write back', one.requests, 'count', 'traces'),
      fact('different values written to one row', one.valuesOfOneRow, 'count', 'statements', {
        statementId: one.write.id,
      }),
    ],
    // That the value depends on what was read is concluded from values that differ between equal requests.
    confidence: 'suspected',
    risk: 'loss',
    remedy: {
      summary: `Let the UPDATE compute ${one.column}, or lock the row while it is read.`,
      steps: [
        `\`${excerpt(one.read.text)}\` and then \`${excerpt(one.write.text)}\`${one.site ? ` at ${placeText(one.site)}` : ''}: what another request wrote in between is overwritten.`,
        'A sum or a counter: one UPDATE that adds, without reading first.',
        'Where the new value needs code: SELECT … FOR UPDATE in the same transaction, a version column that the UPDATE checks, or SERIALIZABLE with a retry on 40001.',
      ],
      code: {
        language: 'ts',
        before: `const { rows } = await client.query('${excerpt(one.read.text, 70)}', [id])
await client.query('${excerpt(one.write.text, 70)}', [rows[0].${one.column} + 1, id])`,
        after: `await client.query('UPDATE ${one.table} SET ${one.column} = ${one.column} + $1 WHERE id = $2', [1, id])

// or: await pool.tx(work, { isolation: 'serializable', retry: 5 })`,
      },
    },
  }
}

interface Conflicts {
  readonly route: string
  readonly statementId: string
  readonly conflicts: number
  /** Of the transactions the route began, or of the runs of the statement where it begins none. */
  readonly fraction: number
  /** Sampled requests that ended in an error after one. */
  readonly failed: number
}

/** By route; deadlocks are the finding of lock-contention. */
function conflictsOf(traces: TracesEvidence, statements: StatementsEvidence, deadlocks: number): readonly Conflicts[] {
  const byId = statementsById(statements)
  const routes = new Map<string, { conflicts: number; begun: number; calls: number; worst: string; most: number }>()
  for (const { route, statementId, conflicts = 0, calls } of statements.uses) {
    if (route === '') continue
    const known = routes.get(route) ?? { conflicts: 0, begun: 0, calls: 0, worst: '', most: 0 }
    known.conflicts += conflicts
    if (byId.get(statementId)?.shape?.operation === 'begin') known.begun += calls
    if (conflicts > 0) known.calls += calls
    if (conflicts > known.most) [known.most, known.worst] = [conflicts, statementId]
    routes.set(route, known)
  }
  const all = [...routes.values()].reduce((sum, one) => sum + one.conflicts, 0)
  if (all <= deadlocks) return []
  return [...routes].flatMap(([route, { conflicts, begun, calls, worst }]) => {
    if (conflicts === 0) return []
    const failed = traces.traces.filter(
      trace =>
        trace.route === route &&
        trace.statusCode >= 500 &&
        trace.spans.some(span => span.failed === true && span.statementId === worst),
    ).length
    return [{ route, statementId: worst, conflicts, fraction: conflicts / Math.max(1, begun || calls), failed }]
  })
}

function describeConflicts(one: Conflicts, statements: StatementsEvidence, traces: TracesEvidence): Finding {
  const site = siteOf(one.route, one.statementId, statements, traces)
  const where = {
    route: one.route,
    statementId: one.statementId,
    resource: 'serialization failure',
    ...(site ? { site } : {}),
  }
  const text = statementsById(statements).get(one.statementId)?.text ?? ''
  const isLost = one.failed > 0
  return {
    fingerprint: fingerprintOf('isolation-level', where),
    practice: 'isolation-level',
    title: isLost
      ? `${percentText(one.fraction)} of transactions are given up and not tried again`
      : `${percentText(one.fraction)} of transactions are given up and worked again`,
    where,
    facts: [
      fact('transactions the server gave up', one.conflicts, 'count', 'statements', { statementId: one.statementId }),
      fact('of those begun', one.fraction, 'fraction', 'statements'),
      fact('sampled requests that failed after one', one.failed, 'count', 'traces'),
    ],
    confidence: 'strong',
    ...(isLost ? { risk: 'loss' as const } : {}),
    remedy: {
      summary: isLost
        ? 'Try a transaction again that failed with 40001 or 40P01, from BEGIN on.'
        : 'Make fewer transactions collide: compute in one UPDATE, or lock the row first.',
      steps: [
        `It struck \`${excerpt(text)}\`${site ? ` at ${placeText(site)}` : ''}.`,
        isLost
          ? 'The server asks for it: at this isolation one of two that collide is given up, and a second try usually passes. Only statements may stand in what is repeated, no calls to others.'
          : 'A retry keeps the answers right, but every one is work done twice: at READ COMMITTED an UPDATE that computes, or SELECT … FOR UPDATE, waits instead.',
      ],
      code: isLost
        ? {
            language: 'ts',
            before: "await client.query('BEGIN ISOLATION LEVEL SERIALIZABLE')\n…\nawait client.query('COMMIT')",
            after: `for (let attempt = 1; ; attempt++) {
  try {
    return await transaction() // BEGIN … COMMIT, ROLLBACK on the way out
  } catch (error) {
    if (attempt === 5 || !['40001', '40P01'].includes(error.code)) throw error
  }
}

// or: await pool.tx(work, { isolation: 'serializable', retry: 5 })`,
          }
        : { language: 'sql', after: 'UPDATE accounts SET balance = balance - $1 WHERE id = $2 AND balance >= $1' },
    },
  }
}

/** Statements whose sorts and hashes go through files, because they need more than work_mem. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  type HostEvidence,
  notApplicable,
  pass,
  type PgEvidence,
  type Statement,
  type StatementsEvidence,
} from '@whetstone/model'
import { bytesText, countText, excerpt, fact, percentText } from '../derive/figures.ts'
import { statementsWantingIndex } from '../derive/index-limits.ts'
import { placeOf } from '../derive/places.ts'
import { type Spill, spillOf, workMemMb } from '../derive/spills.ts'
import { type StatementTime, statementTimes } from '../derive/statement-time.ts'
import { statementsById } from '../derive/statements.ts'

const MEGABYTE = 1_048_576
/** More for one sort is a matter of the statement, not of memory. */
const MOST_MB = 256

export const tempSpill = definePractice({
  id: 'temp-spill',
  chapter: 'database',
  title: 'No sorts and hashes on disk',
  why: 'What does not fit into work_mem is written to temporary files and read again, in every call, beside the reads of everybody else.',
  unless: [
    'The sort is by numbers and the system keeps the files in its cache: then memory changed little when it was measured, while sorts of text and hashes became twice as fast.',
    'A nightly report may spill: memory for it is memory taken from the cache.',
    'The memory would be needed by as many connections at once that the server runs out of it.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/runtime-config-resource.html#GUC-WORK-MEM',
    'https://www.postgresql.org/docs/current/using-explain.html',
  ],
  needs: ['pg', 'statements'],
  optional: ['host'],
  thresholds: {
    timeFraction: { value: 0.01, unit: 'fraction', source: 'of the database time: below, nobody waits for it' },
    spillBytes: { value: 1_000_000, unit: 'bytes', source: 'a quarter of the default work_mem of 4 MB' },
    meanMs: { value: 5, unit: 'ms', source: 'a spill that nobody can feel' },
  },
  remedy: {
    summary: 'Sort less (LIMIT, fewer columns, an index in the order), then give this statement the memory.',
    example: {
      language: 'sql',
      before: `SELECT customer_id, sum(total) FROM orders GROUP BY customer_id ORDER BY 2 DESC;
-- Sort Method: external merge  Disk: 9,200kB`,
      after: `ALTER ROLE reports SET work_mem = '32MB';
-- Sort Method: quicksort  Memory: 17,000kB`,
    },
  },
  detect({ pg, statements, host }, thresholds, overrides) {
    const byId = statementsById(statements)
    const times = statementTimes(statements).filter(
      ({ timeFraction, meanMs }) => timeFraction > thresholds.timeFraction && meanMs >= thresholds.meanMs,
    )
    if (times.length === 0) return notApplicable('no statement is heavy enough')
    // An index that returns the order makes the sort disappear, and is reported by itself.
    const wanting = statementsWantingIndex(pg, statements, overrides)
    const found = times.flatMap(time => {
      const statement = byId.get(time.statementId)
      const spill = spillOf(pg, time.statementId, thresholds.spillBytes)
      return statement && spill && !wanting.has(statement.id)
        ? [describe({ statement, time, spill, pg, statements, host })]
        : []
    })
    if (found.length > 0) return findings(found)
    return pass(
      pg.health ? [fact('temporary bytes in the window', pg.health.temporaryBytes, 'bytes', 'pg')] : [],
      `${countText(times.length)} heavy statements sort and hash in memory`,
    )
  },
})

interface Spilled {
  readonly statement: Statement
  readonly time: StatementTime
  readonly spill: Spill
  readonly pg: PgEvidence
  readonly statements: StatementsEvidence
  readonly host: HostEvidence | undefined
}

function describe({ statement, time, spill, pg, statements, host }: Spilled): Finding {
  const { node, bytesPerCall } = spill
  const memoryMb = workMemMb(bytesPerCall)
  const atWorstBytes = memoryMb * MEGABYTE * Math.max(1, pg.activity.peakConnections)
  const link = { statementId: statement.id }
  const what = node ? (/sort/i.test(node.nodeType) ? 'A sort' : 'A hash') : 'A sort or hash'
  return {
    fingerprint: fingerprintOf('temp-spill', { statementId: statement.id, resource: 'work_mem' }),
    practice: 'temp-spill',
    title: `${what} moves ${bytesText(bytesPerCall)} through files at each call`,
    where: { ...placeOf(statement.id, statements), resource: 'work_mem' },
    facts: [
      fact('temporary bytes per call, written and read', bytesPerCall, 'bytes', 'pg', link),
      fact('mean', time.meanMs, 'ms', 'statements', link),
      fact('share of the database time', time.timeFraction, 'fraction', 'statements', link),
      fact('memory if every connection sorts at once', atWorstBytes, 'bytes', 'pg'),
    ],
    confidence: 'strong',
    remedy: {
      summary: 'Let it sort less, or give this statement more memory.',
      steps: [
        `It concerns "${excerpt(statement.text)}", ${percentText(time.timeFraction)} of the database time; work_mem is ${pg.settings['work_mem'] ?? 'unknown'}.`,
        'First see whether a LIMIT, fewer columns or an index in sort order makes the sort small.',
        ...(memoryMb > MOST_MB
          ? [`It would need about ${memoryMb} MB: too much for every call. Compute it ahead of time, or in parts.`]
          : [
              `Then give it memory: ${memoryMb} MB for each sort and hash, ${bytesText(atWorstBytes)} if all ${countText(Math.max(1, pg.activity.peakConnections))} connections do it at once${host ? `, of ${bytesText(host.memoryBytes)}` : ''}.`,
              'Not for the whole server: for the role or the transaction that runs it.',
            ]),
      ],
      ...(memoryMb > MOST_MB
        ? {}
        : {
            code: {
              language: 'sql',
              after: `BEGIN;\nSET LOCAL work_mem = '${memoryMb}MB';  -- or for its role: ALTER ROLE … SET work_mem = '${memoryMb}MB'\n-- the statement\nCOMMIT;`,
            },
          }),
    },
  }
}

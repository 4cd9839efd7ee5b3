/** Pools that let requests wait for a connection without end, seen while requests really waited. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type PgEvidence,
  type PoolState,
} from '@whetstone/model'
import { countText, fact, msText } from '../derive/figures.ts'
import { readPools } from '../derive/pools.ts'
import { poolWords } from '../derive/pool-words.ts'

export const poolTimeouts = definePractice({
  id: 'pool-timeouts',
  chapter: 'database',
  title: 'Bound how long a request waits for a connection',
  why: 'Without an acquire timeout a pool that runs dry holds every further request for ever: one slow statement becomes an outage of the whole service instead of a few fast errors.',
  unless: ['The caller has a deadline of its own that also gives the place in the queue back.'],
  sources: [
    'https://node-postgres.com/apis/pool',
    'https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-STATEMENT-TIMEOUT',
  ],
  needs: ['runtime'],
  optional: ['pg'],
  thresholds: {
    waitFraction: {
      value: 0.05,
      unit: 'fraction',
      source: 'one acquisition in twenty waited: the pool runs dry under this load',
    },
    waitMs: { value: 1, unit: 'ms', source: 'a shorter wait is a turn of the event loop' },
  },
  remedy: {
    summary: 'Give the pool an acquire timeout below the deadline of a request, and statements a timeout too.',
    example: {
      language: 'ts',
      before: 'new Pool({ max: 10 })  // a request may wait for ever',
      after:
        'new Pool({ max: 10, connectionTimeoutMillis: 2_000, idleTimeoutMillis: 30_000, statement_timeout: 10_000 })',
    },
    withRuntime: `import { isFault } from '@whetstone/runtime'
import { Pool } from '@whetstone/runtime/data'

// Without being told, nobody waits for more than 5 s, no statement runs for more than 30 s, and 500 callers may queue.
const pool = new Pool({ connectionString: url, max: 10, acquireTimeoutMs: 2_000, statementTimeoutMs: 10_000, maxWaiting: 100 })

try {
  return await pool.query(sql, [id])
} catch (error) {
  if (!isFault(error) || !error.retryable) throw error
  return reply.code(503).header('retry-after', '1').send({ error: 'busy' })
}`,
  },
  detect({ runtime, pg }, thresholds) {
    const { pools } = readPools(runtime)
    if (pools.length === 0) return notApplicable('no connection pool was seen')
    const found = new Map<string, Finding>()
    for (const pool of pools) {
      const meanWaitMs = pool.waits > 0 ? pool.waitMs / pool.waits : 0
      const runsDry = pool.waits >= pool.acquisitions * thresholds.waitFraction && meanWaitMs >= thresholds.waitMs
      // Not knowing the setting is no evidence of its absence.
      if (pool.waits === 0 || !runsDry || pool.acquireTimeoutMs !== 0) continue
      const finding = describe(pool, meanWaitMs, pg)
      if (!found.has(finding.fingerprint)) found.set(finding.fingerprint, finding)
    }
    return found.size > 0 ? findings([...found.values()]) : pass([], 'no pool without a timeout was seen to run dry')
  },
})

function describe(pool: PoolState, meanWaitMs: number, pg: PgEvidence | undefined): Finding {
  const { make } = poolWords(pool)
  const max = pool.maxConnections
  const where = { resource: 'pool timeouts', ...(pool.site ? { site: pool.site } : {}) }
  const serverTimeout = pg?.settings['statement_timeout']
  const isUnbounded =
    (pool.statementTimeoutMs ?? 0) === 0 && (serverTimeout === undefined || serverTimeout.startsWith('0'))
  return {
    fingerprint: fingerprintOf('pool-timeouts', where),
    practice: 'pool-timeouts',
    title: `Requests queue for ${pool.maxConnections} connections without a timeout`,
    where,
    facts: [
      fact('acquisitions that waited', pool.waits, 'count', 'runtime'),
      fact('of all acquisitions', pool.waits / Math.max(1, pool.acquisitions), 'fraction', 'runtime'),
      fact('mean wait', meanWaitMs, 'ms', 'runtime'),
      fact('most waiting at once', pool.peakWaiting, 'count', 'runtime'),
      fact('acquire timeout', 0, 'ms', 'runtime'),
    ],
    confidence: 'suspected',
    risk: 'outage',
    remedy: {
      summary: 'Give the pool an acquire timeout below the deadline of a request.',
      steps: [
        `${countText(pool.waits)} acquisitions waited, ${msText(meanWaitMs)} on average, up to ${countText(pool.peakWaiting)} at once; with one statement stuck they would wait for ever.`,
        'Answer 503 with Retry-After when the timeout strikes: a fast error keeps the service alive.',
        ...(isUnbounded ? ['No statement timeout is set either: a stuck statement keeps its connection.'] : []),
      ],
      code: {
        language: 'ts',
        before: make({ max }),
        after: make({ max, acquireTimeoutMs: 2_000, ...(isUnbounded ? { statementTimeoutMs: 10_000 } : {}) }),
      },
    },
  }
}

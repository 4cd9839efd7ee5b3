/** Connections that are taken from the pool and not given back: the pool runs dry, and then every request waits. */
import { definePractice, type Finding, findings, fingerprintOf, notApplicable, pass, placeText } from '@whetstone/model'
import { countText, excerpt, fact, msText } from '../derive/figures.ts'
import { type Leak, leaks } from '../derive/held-connections.ts'
import { readPools } from '../derive/pools.ts'
import { poolWords } from '../derive/pool-words.ts'

export const poolLeak = definePractice({
  id: 'pool-leak',
  chapter: 'database',
  title: 'Return connections to the pool',
  why: 'A connection that is taken by connect() belongs to the caller until release(). One way out of the function that forgets it costs a connection each time; when the last is gone, every request of the service waits for ever.',
  unless: [
    'The connection is kept on purpose, as for LISTEN or for a lock of the session: then keep it outside the pool.',
    'The work goes on after the answer and uses the connection later: then take it when it is needed.',
  ],
  sources: [
    'https://node-postgres.com/features/pooling#checkout-use-and-return',
    'https://node-postgres.com/apis/pool#releasing-clients',
  ],
  needs: ['runtime'],
  optional: ['statements'],
  thresholds: {
    connections: { value: 2, unit: 'count', source: 'one may be kept on purpose; a leak comes again' },
    unusedMs: {
      value: 2_000,
      unit: 'ms',
      source: 'the request is answered, and as long nothing has run on it: work in the background asks more often',
    },
  },
  remedy: {
    summary: 'Give the connection back in finally, or let withClient() do it.',
    library: '@whetstone/runtime/data withClient() and tx()',
    example: {
      language: 'ts',
      before: `const client = await pool.connect()
const { rows } = await client.query(sql, [id])
if (rows.length === 0) throw new NotFound()   // never released
client.release()`,
      after: `const client = await pool.connect()
try {
  const { rows } = await client.query(sql, [id])
  if (rows.length === 0) throw new NotFound()
} finally {
  client.release()
}`,
    },
  },
  detect({ runtime, statements }, thresholds) {
    const { pools, main } = readPools(runtime)
    if (!main) return notApplicable('no connection pool was seen')
    const all = leaks(runtime, statements, thresholds.unusedMs)
    const lost = all.reduce((sum, { held }) => sum + held.connections, 0)
    const found = all.filter(({ held }) => held.connections >= thresholds.connections)
    if (found.length > 0) return findings(found.map(leak => describe(leak)))
    return pass(
      [fact('pools', pools.length, 'count', 'runtime')],
      lost === 0
        ? 'every connection that a request took was given back'
        : 'one connection outlived its request; a leak would show more',
    )
  },
})

function describe({ pool, held, lastStatement }: Leak): Finding {
  const where = {
    resource: 'pool',
    ...(held.site ? { site: held.site } : {}),
    ...(held.statementId === undefined ? {} : { statementId: held.statementId }),
  }
  const place = placeText(held.site)
  const { giveBack } = poolWords(pool)
  const link = held.statementId === undefined ? {} : { statementId: held.statementId }
  return {
    // What ran last may be another statement the next time; the line that takes the connection stays.
    fingerprint: fingerprintOf('pool-leak', { resource: 'pool', ...(held.site ? { site: held.site } : {}) }),
    practice: 'pool-leak',
    title: `${countText(held.connections)} of ${pool.maxConnections} connections were taken and not given back`,
    where,
    facts: [
      fact('connections held after their request was answered', held.connections, 'count', 'runtime', link),
      fact('connections of the pool', pool.maxConnections, 'count', 'runtime'),
      fact('held for up to', held.longestMs, 'ms', 'runtime'),
      fact('unused for at least', held.unusedMs, 'ms', 'runtime'),
    ],
    confidence: 'strong',
    risk: 'outage',
    remedy: {
      summary: giveBack.summary,
      steps: [
        `${place === undefined ? 'A request takes it' : `It is taken at ${place}`}; look for a way out of that function ${giveBack.forgotten}.`,
        ...(lastStatement ? [`The last that ran on it was \`${excerpt(lastStatement.text)}\`.`] : []),
        `Nothing has run on them for ${msText(held.unusedMs)}; ${countText(Math.max(0, pool.maxConnections - held.connections))} are left of this pool.`,
        giveBack.otherwise,
      ],
      code: { language: 'ts', before: giveBack.before, after: giveBack.after },
    },
  }
}

import type { Evidence, LoadCurveEvidence, PgTable, StatementReads } from '@whetstone/model'
import { expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import {
  column,
  pgOf,
  query,
  siteAt,
  statement,
  statementsOf,
  table,
  times,
  trace,
  tracesOf,
  use,
} from '../derive/testing/evidence.ts'
import { dbCachingLayer } from './db-caching-layer.ts'

const route = 'GET /products/:id'
const text = 'SELECT count(*) FROM reviews WHERE product_id = $1'
const summary = statement('sum', text, { tables: ['reviews'] })
const load: LoadCurveEvidence = { schema: 'load-curve@1', steps: [] }

/** One read every 100 ms. */
const readsOf = (keys: readonly number[], keyFraction = 1): readonly StatementReads[] => [
  { statementId: 'sum', keyFraction, keys, atMs: keys.map((_, at) => at * 100) },
]
/** Each product twice in a row of six, one of them four times: 10 different ones in 300 reads. */
const liked = Array.from({ length: 300 }, (_, at) => (at % 3 === 0 ? 1 + (at % 10) : 0))
const alike = Array.from({ length: 300 }, (_, at) => at % 50)

interface Case {
  readonly reads?: readonly StatementReads[]
  readonly one?: typeof summary
  readonly calls?: number
  readonly requests?: number
  readonly totalMs?: number
  readonly requestMs?: number
  readonly writes?: number
  readonly transaction?: number
  readonly of?: string
}

function evidence({
  reads = readsOf(liked),
  one = summary,
  calls = 300,
  requests = calls,
  totalMs = 3_000,
  requestMs = 12,
  writes = 0,
  transaction,
  of = route,
}: Case = {}): Evidence {
  const span = query('sum', 1, 10, transaction === undefined ? {} : { transaction })
  const reviews: PgTable = table('reviews', 100_000, [column('id')], {
    writes: { inserts: writes, updates: 0, heapOnlyUpdates: 0, deletes: 0 },
  })
  return {
    traces: tracesOf(times(300, trace(of, requestMs, [span]))),
    statements: {
      ...statementsOf([one], [use(of, 'sum', calls, totalMs, { requests, site: siteAt(7) })]),
      reads,
    },
    pg: pgOf({ tables: [reviews] }),
  }
}

const { reads: _reads, ...unnoted } = evidence().statements!

describePractice(dbCachingLayer, {
  silent: {
    'nobody noted the keys': { ...evidence(), statements: unnoted },
    'every read asks for another key': evidence({ reads: readsOf(liked.map((_, at) => at)) }),
    'a key comes back after its time to live': evidence({
      reads: [{ statementId: 'sum', keyFraction: 1, keys: alike, atMs: alike.map((_, at) => at * 2_000) }],
    }),
    'too few reads to tell': evidence({ reads: readsOf(liked.slice(0, 60)) }),
    'a row is written for every five reads': evidence({ writes: 60 }),
    'the service itself writes as often': {
      ...evidence(),
      statements: {
        ...statementsOf(
          [summary, statement('add', 'INSERT INTO reviews VALUES ($1)', { operation: 'insert', tables: ['reviews'] })],
          [use(route, 'sum', 300, 3_000), use('POST /reviews', 'add', 40, 40)],
        ),
        reads: readsOf(liked),
      },
    },
    'a lookup by its key': evidence({ totalMs: 120, requestMs: 1 }),
    'a twentieth of the route': evidence({ requestMs: 250 }),
    'a loop of it in every request': evidence({ calls: 300, requests: 30 }),
    'it runs inside of transactions': evidence({ transaction: 3 }),
    'it takes locks': evidence({ one: statement('sum', `${text} FOR UPDATE`, { tables: ['reviews'], locks: true }) }),
    'it asks for the time of day': evidence({
      one: statement('sum', `${text} AND at > now() - $2`, { tables: ['reviews'] }),
    }),
    'the load draws all keys alike': { ...evidence({ reads: readsOf(alike) }), 'load-curve': load },
    'the load asks for one product only': { ...evidence({ reads: readsOf(liked.map(() => 7)) }), 'load-curve': load },
  },
  reports: {
    'a few products are asked for most of the time': {
      evidence: evidence(),
      finds: [
        {
          fingerprint: 'db-caching-layer|GET /products/:id|sum|',
          practice: 'db-caching-layer',
          title: 'A cache would answer 100 % of the reads that take 83 % of the route',
          where: { route, statementId: 'sum', site: siteAt(7) },
          facts: [
            expect.objectContaining({
              label: 'simulated hits, filled cache',
              quantity: { value: 1, unit: 'fraction' },
            }),
            // Eleven keys miss once.
            expect.objectContaining({ quantity: { value: 0.9633, unit: 'fraction' } }),
            expect.objectContaining({ quantity: { value: 300, unit: 'count' } }),
            expect.objectContaining({ label: 'different keys', quantity: { value: 11, unit: 'count' } }),
            expect.objectContaining({ quantity: { value: 10, unit: 'ms' } }),
            expect.objectContaining({ label: 'of the time of the route' }),
          ],
          confidence: 'strong',
          edit: {
            kind: 'trace',
            change: { kind: 'cache', statementId: 'sum', hitFraction: 1, coldHitFraction: 289 / 300 },
            route,
          },
          remedy: {
            summary: expect.stringContaining('for 60.0 s'),
            steps: [
              expect.stringMatching(/^Simulated hits by size: 10 .*, unbounded 100 %; 96 % while it fills\.$/),
              expect.stringContaining('Forget the key'),
              expect.stringContaining('Keep the promise'),
            ],
            code: expect.objectContaining({ language: 'ts' }),
          },
        },
      ],
    },
    'the load has its favourites, but nobody knows whether users share them': {
      evidence: { ...evidence(), 'load-curve': load },
      finds: [expect.objectContaining({ confidence: 'suspected' })],
    },
    'all keys alike, by real traffic': {
      evidence: evidence({ reads: readsOf(alike) }),
      finds: [expect.objectContaining({ confidence: 'strong' })],
    },
    'the same list for everybody': {
      evidence: { ...evidence({ of: 'GET /top', reads: readsOf(liked.map(() => 7)) }), 'load-curve': load },
      finds: [expect.objectContaining({ confidence: 'suspected' })],
    },
  },
})

it('says why a cache would not pay', () => {
  const outcome = outcomeOf(dbCachingLayer, evidence({ reads: readsOf(liked.map((_, at) => at)) }))
  expect(outcome).toMatchObject({
    kind: 'pass',
    note: 'a cache would not pay here: 0 % of the reads ask for a key again within 60.0 s',
  })
})

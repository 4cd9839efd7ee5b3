import { expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { siteAt, statement, statementsOf, use } from '../derive/testing/evidence.ts'
import {
  evenKeys,
  hotEdit,
  hotFacts,
  hotReads,
  hotRoute,
  hotStatement,
  likedKeys,
  newKeys,
  someLoad,
  unnotedReads,
} from '../derive/testing/hot-reads.ts'
import { dbCachingLayer } from './db-caching-layer.ts'

const hot = hotReads()
const text = hotStatement.text
/** The same statement with something more. */
const another = (added: string, locks = false) =>
  hotReads({ one: statement('sum', `${text} ${added}`, { tables: ['reviews'], locks }) })
const oneKey = likedKeys.map(() => 7)
/** Each request carried the same token. */
function ofOneUser(own: string, keys: readonly number[] = oneKey) {
  const reads = hotReads({ keys, route: 'GET /me', one: statement('sum', own, { tables: ['reviews'] }) })
  return { ...reads, traces: { ...reads.traces, oneCaller: ['GET /me'] } }
}

describePractice(dbCachingLayer, {
  silent: {
    'nobody noted the keys': unnotedReads,
    'every read asks for another key': hotReads({ keys: newKeys }),
    'a key comes back after its time to live': hotReads({ keys: evenKeys, everyMs: 2_000 }),
    'too few reads to tell': hotReads({ keys: likedKeys.slice(0, 60) }),
    'a row is written for every five reads': hotReads({ writes: 60 }),
    'the service itself writes as often': {
      ...hot,
      statements: {
        ...statementsOf(
          [
            hotStatement,
            statement('add', 'INSERT INTO reviews VALUES ($1)', { operation: 'insert', tables: ['reviews'] }),
          ],
          [use(hotRoute, 'sum', 300, 3_000), use('POST /reviews', 'add', 40, 40)],
        ),
        reads: hot.statements.reads,
      },
    },
    'a lookup by its key': hotReads({ totalMs: 120, requestMs: 1 }),
    'a twentieth of the route': hotReads({ requestMs: 250 }),
    'a loop of it in every request': hotReads({ calls: 300, requests: 30 }),
    'it runs inside of transactions': hotReads({ transaction: 3 }),
    'it takes locks': another('FOR UPDATE', true),
    'it asks for the time of day': another('AND at > now() - $2'),
    'the load draws all keys alike': { ...hotReads({ keys: evenKeys }), 'load-curve': someLoad },
    'all requests are of one user, and what is read may be theirs': {
      ...ofOneUser(text),
      'load-curve': someLoad,
    },
    'a user of many is asked for, whose load we know to be of one': ofOneUser(`${text} LIMIT $2`),
    'the load asks for one product only': { ...hotReads({ keys: oneKey }), 'load-curve': someLoad },
  },
  reports: {
    'a few products are asked for most of the time': {
      evidence: hot,
      finds: [
        {
          fingerprint: 'db-caching-layer|GET /products/:id|sum|',
          practice: 'db-caching-layer',
          title: 'A cache would answer 100 % of the reads that take 83 % of the route',
          where: { route: hotRoute, statementId: 'sum', site: siteAt(7) },
          facts: hotFacts,
          confidence: 'strong',
          edit: hotEdit,
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
      evidence: { ...hot, 'load-curve': someLoad },
      finds: [expect.objectContaining({ confidence: 'suspected' })],
    },
    'all keys alike, by real traffic': {
      evidence: hotReads({ keys: evenKeys }),
      finds: [expect.objectContaining({ confidence: 'strong' })],
    },
    'one user asks, but nothing of theirs is compared': {
      evidence: { ...ofOneUser('SELECT id FROM reviews ORDER BY stars LIMIT $1'), 'load-curve': someLoad },
      finds: [expect.objectContaining({ confidence: 'suspected' })],
    },
    'one user asks for what the address says': {
      evidence: { ...ofOneUser(text, likedKeys), 'load-curve': someLoad },
      finds: [expect.objectContaining({ confidence: 'suspected' })],
    },
    'the same list for everybody': {
      evidence: { ...hotReads({ route: 'GET /top', keys: oneKey }), 'load-curve': someLoad },
      finds: [expect.objectContaining({ confidence: 'suspected' })],
    },
  },
})

it('names a bound where everything fits', () => {
  expect(outcomeOf(dbCachingLayer, hotReads({ keys: oneKey }))).toMatchObject({
    kind: 'finding',
    findings: [{ remedy: { summary: expect.stringContaining('for 60.0 s, 10,000 keys at most.') } }],
  })
})

it('says why a cache would not pay', () => {
  const outcome = outcomeOf(dbCachingLayer, hotReads({ keys: newKeys }))
  expect(outcome).toMatchObject({
    kind: 'pass',
    note: 'a cache would not pay here: 0 % of the reads ask for a key again within 60.0 s',
  })
})

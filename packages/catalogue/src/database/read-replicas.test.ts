import type { PgEvidence, PgReplication } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice, stated } from '../derive/testing/describe-practice.ts'
import { hostOf, pgOf, statement, statementsOf, use } from '../derive/testing/evidence.ts'
import { readReplicas } from './read-replicas.ts'

const texts = {
  orders: 'SELECT id FROM orders WHERE id = $1',
  items: 'SELECT id FROM items WHERE id = $1',
  people: 'SELECT id FROM people WHERE id = $1',
  change: 'UPDATE orders SET total = $2 WHERE id = $1',
}
/** Milliseconds of database time of each. */
const given = (ms: Readonly<Partial<Record<keyof typeof texts, number>>> = {}) => {
  const all = { orders: 300, items: 300, people: 300, change: 100, ...ms }
  const names = Object.keys(texts) as (keyof typeof texts)[]
  return statementsOf(
    names.map(name =>
      statement(name, texts[name], {
        tables: [name === 'change' ? 'orders' : name],
        operation: name === 'change' ? 'update' : 'select',
      }),
    ),
    names.map(name => use(`GET /${name}`, name, 100, all[name])),
  )
}
const follows = { name: 'one', state: 'streaming', commit: 'async' } as const
const replication = (more: Partial<PgReplication> = {}): PgReplication => ({
  recovering: false,
  standbys: [],
  slots: [],
  ...more,
})
const counted = (callsEach: number): PgEvidence['statements'] =>
  Object.entries(texts).map(([statementId, text]) => ({
    statementId,
    text,
    calls: callsEach,
    totalMs: 100,
    meanMs: 1,
    rows: 1,
    blocksHit: 1,
    blocksRead: 0,
    temporaryBlocks: 0,
  }))
const pg = (more: Partial<PgReplication> = {}, callsEach = 100) =>
  pgOf({ replication: replication(more), statements: counted(callsEach) })
const busy = hostOf(1.6)

describePractice(readReplicas, {
  silent: {
    'a run of before replication was read': { pg: pgOf(), statements: given(), host: busy },
    'a database that has room': { pg: pg({ standbys: [follows] }), statements: given(), host: hostOf(1.2) },
    'no word about the CPU of the database': { pg: pg({ standbys: [follows] }), statements: given() },
    'busy with writes': { pg: pg(), statements: given({ change: 400 }), host: busy },
    'one statement that is half of the work': { pg: pg(), statements: given({ orders: 1_000 }), host: busy },
    'reads that go elsewhere already': {
      pg: pg({ standbys: [follows] }, 40),
      statements: given(),
      host: busy,
    },
    'a replica that is close': { pg: pg({ recovering: true, replayLagMs: 4_999 }), statements: given(), host: busy },
    'a replica that has replayed everything': { pg: pg({ recovering: true }), statements: given(), host: busy },
  },
  reports: {
    'reads that fill the primary while a replica stands by': {
      evidence: { pg: pg({ standbys: [follows] }), statements: given(), host: busy },
      finds: [
        {
          fingerprint: 'read-replicas|||read replicas',
          practice: 'read-replicas',
          title: 'The primary is 80 % busy, 90 % of it reads, while 1 replica stands by',
          where: { resource: 'read replicas' },
          facts: [
            stated('database CPU of the machine', 0.8, 'fraction', 'host'),
            stated('reads, of the database time', expect.closeTo(0.9, 5) as number, 'fraction', 'statements'),
            stated('heaviest statement, of the database time', 0.3, 'fraction', 'statements'),
            stated('replicas that answer none of them', 1, 'count', 'pg'),
          ],
          confidence: 'strong',
          remedy: expect.objectContaining({
            summary: 'Let the replicas answer the reads that need no newer row than they have.',
          }) as never,
        },
      ],
    },
    'reads that fill a primary without replicas, where no statements are counted': {
      evidence: { pg: pgOf({ replication: replication() }), statements: given(), host: busy },
      finds: [
        expect.objectContaining({
          title: 'The primary is 80 % busy, 90 % of it reads, and has no replica',
          confidence: 'suspected',
        }) as never,
      ],
    },
    'reads of a replica that is far behind': {
      evidence: { pg: pg({ recovering: true, replayLagMs: 8_000 }), statements: given(), host: busy },
      finds: [
        expect.objectContaining({
          title: 'Reads come from a replica that is 8.00 s behind',
          facts: [stated('behind the primary', 8_000, 'ms', 'pg')],
          confidence: 'strong',
        }) as never,
      ],
    },
  },
})

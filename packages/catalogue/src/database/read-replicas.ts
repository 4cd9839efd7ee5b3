/** Reads that load the primary while replicas could answer them, and reads from a replica that has fallen behind. */
import {
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type PgEvidence,
  type StatementsEvidence,
} from '@whetstone/model'
import { databaseBusy } from '../derive/database-cpu.ts'
import { countText, fact, msText, percentText } from '../derive/figures.ts'
import { statementsWantingIndex } from '../derive/index-limits.ts'
import { type StatementTime, statementTimes } from '../derive/statement-time.ts'
import { readsRows, statementsById } from '../derive/statements.ts'

export const readReplicas = definePractice({
  id: 'read-replicas',
  chapter: 'database',
  title: 'Read from replicas when reads fill the primary',
  why: 'Every server of a cluster has all the rows, and writes need only one of them: reads on the primary alone leave the others idle and compete with the writes.',
  unless: [
    'One statement is most of the work: make it cheaper first, or each replica repeats the waste.',
    'The replica exists to take over, and would be too small for both loads when it has to.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/hot-standby.html',
    'https://github.com/ankane/pghero/blob/master/guides/Rails.md',
  ],
  needs: ['pg', 'statements'],
  optional: ['host'],
  thresholds: {
    databaseBusy: { value: 0.7, unit: 'fraction', source: 'above 70 % utilisation queues form in the database itself' },
    readFraction: {
      value: 0.8,
      unit: 'fraction',
      source: 'of the database time: what is left is for the primary alone',
    },
    dominantFraction: {
      value: 0.5,
      unit: 'fraction',
      source: 'one statement that takes half of the time is worth more than a second server',
    },
    lagMs: { value: 5_000, unit: 'ms', source: 'PgHero calls a replica five seconds behind bad' },
  },
  remedy: {
    summary: 'Send plain reads to replicas that have what the session wrote, everything else to the primary.',
    library: '@whetstone/runtime/data ReplicaSet',
    example: {
      language: 'ts',
      before: 'await primary.query(text, values)  // reads and writes alike',
      after: `const { SESSION_KEY = '' } = process.env  // 32 characters or more: less is refused
const database = new ReplicaSet({ primary, replica1 }, { tokenKeys: [SESSION_KEY] })
await database.withSession(request.cookies.session, () => database.query(text, values))`,
    },
  },
  detect({ pg, statements, host }, thresholds, overrides) {
    const { replication } = pg
    if (replication === undefined) return notApplicable('it could not be read who replicates from this server')
    if (replication.recovering) return ofReplica(replication.replayLagMs ?? 0, thresholds.lagMs)
    const busy = host && databaseBusy(host)
    if (busy === undefined) return notApplicable('the CPU time of the database is not known')
    const load = readLoad(pg, statements)
    const facts = [fact('database CPU of the machine', busy, 'fraction', 'host')]
    if (busy < thresholds.databaseBusy) return pass(facts, 'the primary has room for all of its reads')
    if (load.fraction < thresholds.readFraction) return pass(facts, 'the primary is busy with writes')
    if (load.routedElsewhere) return pass(facts, 'most reads go to other servers already')
    const wanting = statementsWantingIndex(pg, statements, overrides)
    if (load.reads.some(({ statementId }) => wanting.has(statementId))) return pass(facts, 'reads want an index first')
    if ((load.reads[0]?.timeFraction ?? 0) >= thresholds.dominantFraction)
      return pass(facts, 'one statement is most of the work, and worth more than a second server')
    const streaming = replication.standbys.filter(({ state }) => state === 'streaming' || state === 'unknown').length
    return findings([describe(load, busy, streaming)])
  },
})

interface ReadLoad {
  /** Heaviest first. */
  readonly reads: readonly StatementTime[]
  /** Of the database time of all requests. */
  readonly fraction: number
  /** This server counted less than half of the reads that the service sent. */
  readonly routedElsewhere: boolean
}

function readLoad(pg: PgEvidence, statements: StatementsEvidence): ReadLoad {
  const byId = statementsById(statements)
  const reads = statementTimes(statements).filter(({ statementId }) => readsRows(byId.get(statementId)))
  const counted = new Map(pg.statements.map(({ statementId, calls }) => [statementId, calls]))
  const sent = reads.reduce((sum, { calls }) => sum + calls, 0)
  const here = reads.reduce((sum, { statementId }) => sum + (counted.get(statementId) ?? 0), 0)
  return {
    reads,
    fraction: reads.reduce((sum, { timeFraction }) => sum + timeFraction, 0),
    // Where the server counts no statements at all, nothing is known of it.
    routedElsewhere: pg.statements.length > 0 && here < sent / 2,
  }
}

function ofReplica(lagMs: number, mostMs: number) {
  const facts = [fact('behind the primary', lagMs, 'ms', 'pg')]
  if (lagMs < mostMs) return pass(facts, 'the database is a replica, and not far behind')
  const where = { resource: 'replication lag' }
  return findings([
    {
      fingerprint: fingerprintOf('read-replicas', where),
      practice: 'read-replicas',
      title: `Reads come from a replica that is ${msText(lagMs)} behind`,
      where,
      facts,
      confidence: 'strong',
      remedy: {
        summary: 'Read from it only while it is close, and what a user wrote only where it has arrived.',
        steps: [
          'Find what holds it back: a long query on the replica (max_standby_streaming_delay), its disk, or one large transaction.',
          'Eject a replica beyond a lag budget, and let it return when it has caught up; ReplicaSet does both.',
        ],
        code: { language: 'ts', after: 'new ReplicaSet({ primary, replica1 }, { maxLagMs: 5_000 })' },
      },
    },
  ])
}

function describe({ reads, fraction }: ReadLoad, busy: number, streaming: number): Finding {
  const where = { resource: 'read replicas' }
  const facts: readonly Fact[] = [
    fact('database CPU of the machine', busy, 'fraction', 'host'),
    fact('reads, of the database time', fraction, 'fraction', 'statements'),
    fact('heaviest statement, of the database time', reads[0]!.timeFraction, 'fraction', 'statements'),
    fact('replicas that answer none of them', streaming, 'count', 'pg'),
  ]
  const idle = `${countText(streaming)} ${streaming === 1 ? 'replica stands' : 'replicas stand'} by`
  return {
    fingerprint: fingerprintOf('read-replicas', where),
    practice: 'read-replicas',
    title:
      streaming > 0
        ? `The primary is ${percentText(busy)} busy, ${percentText(fraction)} of it reads, while ${idle}`
        : `The primary is ${percentText(busy)} busy, ${percentText(fraction)} of it reads, and has no replica`,
    where,
    facts,
    // A replica on another machine costs money: whether it pays is for a trial to say.
    confidence: streaming > 0 ? 'strong' : 'suspected',
    remedy: {
      summary:
        streaming > 0
          ? 'Let the replicas answer the reads that need no newer row than they have.'
          : 'Add a replica on a machine of its own, and let it answer reads.',
      steps: [
        'Read on a replica only what it has: take the LSN after COMMIT, keep it in the session, and wait for it or read on the primary.',
        'Bound its lag, and see that the primary survives the reads of a replica that is lost: shed what is too much.',
        ...(streaming > 0 ? [] : ['A cache of the hottest answers may be cheaper than a second server: measure both.']),
      ],
      code: {
        language: 'ts',
        before: 'await pool.query(text, values)',
        after: `const database = new ReplicaSet({ primary, replica1 })
await database.withSession(token, () => database.query(text, values))`,
      },
    },
  }
}

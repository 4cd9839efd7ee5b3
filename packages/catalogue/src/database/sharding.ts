/** A writer that is full of writes which no index, cache or replica takes away, and the key by which a second one could share them. */
import {
  ask,
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type PgSessions,
  type StatementsEvidence,
} from '@whetstone/model'
import { databaseBusy } from '../derive/database-cpu.ts'
import { countText, excerpt, fact, percentText } from '../derive/figures.ts'
import { statementsWantingIndex } from '../derive/index-limits.ts'
import { shardKeys, type ShardKey } from '../derive/shard-keys.ts'
import { type StatementTime, statementTimes } from '../derive/statement-time.ts'
import { statementsById, workOf } from '../derive/statements.ts'

export const sharding = definePractice({
  id: 'sharding',
  chapter: 'database',
  title: 'Shard when one writer is the limit',
  why: 'Reads spread over replicas, but every write goes to the one primary: when its CPU is full of writes, only a second primary with a part of the rows adds room.',
  unless: [
    'A larger machine is still to be had: it costs less than a key in every statement, for ever.',
    'Fewer or cheaper writes would do: batches, unused indexes, a counter that is written less often.',
    'What changes together has no key in common: there are no transactions across shards.',
  ],
  sources: [
    'https://docs.citusdata.com/en/stable/sharding/data_modeling.html',
    'https://www.postgresql.org/docs/current/different-replication-solutions.html',
  ],
  needs: ['pg', 'statements'],
  optional: ['host'],
  thresholds: {
    databaseBusy: { value: 0.7, unit: 'fraction', source: 'above 70 % utilisation queues form in the database itself' },
    writeFraction: {
      value: 0.5,
      unit: 'fraction',
      source: 'of the database time: where reads are more, replicas and caches take more away than a second writer',
    },
    keyFraction: {
      value: 0.9,
      unit: 'fraction',
      source: 'of all calls: each one without it asks every shard, and a tenth of them on ten shards is as many again',
    },
    distinct: { value: 1_000, unit: 'count', source: 'about one value for each of the 1,024 buckets that can move' },
    topFraction: {
      value: 0.05,
      unit: 'fraction',
      source: 'one value stays whole: this is a fifth of what each of four shards holds',
    },
    lockedFraction: {
      value: 0.2,
      unit: 'fraction',
      source: 'of the sessions at work: rows that many wait for are as hot on a shard of their own',
    },
    repeats: {
      value: 5,
      unit: 'count',
      source: 'as n-plus-one counts them: writes that come together can go together',
    },
  },
  remedy: {
    summary: 'Divide the rows by a key that nearly every statement names, into buckets that can move between servers.',
    library: '@whetstone/runtime/data ShardRouter, moveBucket()',
    example: {
      language: 'ts',
      before:
        "await pool.query('INSERT INTO orders (id, customer_id, total) VALUES ($1, $2, $3)', [id, customer, total])",
      after: `const router = new ShardRouter({ shards: { north, south }, directory: north })
await router.run(customer, (shard, bucket) =>
  shard.query('INSERT INTO orders (bucket, id, customer_id, total) VALUES ($1, $2, $3, $4)', [bucket, id, customer, total]))`,
    },
  },
  detect({ pg, statements, host }, limits, overrides) {
    if (pg.replication?.recovering) return notApplicable('the database is a standby, and takes no writes')
    const load = writeLoad(statements)
    if (load.writes.length === 0) return notApplicable('the requests write nothing')
    const busy = host && databaseBusy(host)
    if (busy === undefined)
      return ask('Is the CPU of the writer of production full, and of writes?', [
        fact('writes, of the database time here', load.fraction, 'fraction', 'statements'),
      ])
    const facts = [
      fact('database CPU of the machine', busy, 'fraction', 'host'),
      fact('writes, of the database time', load.fraction, 'fraction', 'statements'),
    ]
    if (busy < limits.databaseBusy)
      return ask('Under the load of production, is the CPU of its one writer full, and of writes?', facts)
    if (load.fraction < limits.writeFraction)
      return pass(facts, 'most of its work is reads, which caches and replicas take away')
    if (statementsWantingIndex(pg, statements, overrides).size > 0) return pass(facts, 'statements want an index first')
    if (lockedFraction(pg.activity.sessions) >= limits.lockedFraction)
      return pass(facts, 'its sessions wait for each other, which a second writer does not change')
    if (repeatedFraction(load, limits.repeats) >= 0.5)
      return pass(facts, 'most writes come one by one in the same request, and are cheaper together')
    const keys = shardKeys(pg, statements)
    const key = keys.find(
      ({ callsFraction, distinct, topFraction }) =>
        callsFraction >= limits.keyFraction && distinct >= limits.distinct && topFraction < limits.topFraction,
    )
    return key ? findings([describe(key, facts, load)]) : ask(...whichKey(keys, facts))
  },
})

interface WriteLoad {
  /** Heaviest first. */
  readonly writes: readonly StatementTime[]
  readonly fraction: number
}

function writeLoad(statements: StatementsEvidence): WriteLoad {
  const byId = statementsById(statements)
  const writes = statementTimes(statements).filter(({ statementId }) => workOf(byId.get(statementId)) === 'write')
  return { writes, fraction: writes.reduce((sum, { timeFraction }) => sum + timeFraction, 0) }
}

/** Rows and tables that are wanted by many at once. Waits for room at the end of a file (`extend`) become fewer with a second server. */
const wantedByMany: ReadonlySet<string> = new Set(['transactionid', 'tuple', 'relation'])

function lockedFraction(sessions: PgSessions | undefined): number {
  if (sessions === undefined || !sessions.blocked.some(({ lock }) => wantedByMany.has(lock))) return 0
  return sessions.active === 0 ? 0 : sessions.waitingForLocks / sessions.active
}

/** Of the time of writes: those that one request sends again and again. */
function repeatedFraction({ writes }: WriteLoad, repeats: number): number {
  const uses = writes.flatMap(write => write.uses)
  const allMs = uses.reduce((sum, { totalMs }) => sum + totalMs, 0)
  const ms = uses.reduce((sum, use) => sum + (use.maxRepeatsInRequest >= repeats ? use.totalMs : 0), 0)
  return allMs === 0 ? 0 : ms / allMs
}

function whichKey([best]: readonly ShardKey[], facts: readonly Fact[]): [string, readonly Fact[]] {
  if (best === undefined)
    return ['The writer is full, and no statement names a key: by what could its rows be divided?', facts]
  return [
    `The writer is full, and no key is in nearly every statement: could those without ${best.column} name it too?`,
    [...facts, ...keyFacts(best)],
  ]
}

function keyFacts({ column, callsFraction, distinct, topFraction }: ShardKey): readonly Fact[] {
  return [
    fact(`calls that name one ${column}`, callsFraction, 'fraction', 'statements'),
    fact(`different values of ${column}`, distinct, 'count', 'pg'),
    fact(`rows of the most common ${column}`, topFraction, 'fraction', 'pg'),
  ]
}

const scatteredNamed = 5

function describe(key: ShardKey, facts: readonly Fact[], { fraction }: WriteLoad): Finding {
  const { column, tables, callsFraction, scattered } = key
  const where = { resource: `shard key ${column}` }
  const busy = facts[0]!.quantity.value
  const named = scattered.slice(0, scatteredNamed)
  const rest = scattered.length - named.length
  return {
    fingerprint: fingerprintOf('sharding', where),
    practice: 'sharding',
    title: `The one writer is ${percentText(busy)} busy, ${percentText(fraction)} of it writes; ${percentText(callsFraction)} of the calls name ${column}`,
    where,
    facts: [
      ...facts,
      ...keyFacts(key),
      fact('calls that would ask every shard', 1 - callsFraction, 'fraction', 'statements'),
    ],
    // Whether a larger machine would do, and what must change together, no measurement tells.
    confidence: 'suspected',
    remedy: {
      summary: `Divide ${tables.join(', ')} by ${column} between two writers.`,
      steps: [
        'Exhaust what is cheaper first: fewer and larger writes, indexes that nobody reads, a larger machine.',
        `Add the column bucket to the primary keys of ${tables.join(', ')}; what changes together must share one ${column}: there are no transactions across shards. Where a table has only a reference to one that has ${column}, it gets ${column} too.`,
        ...named.map(
          ({ text, callsFraction: share }) =>
            `Would ask every shard (${percentText(share)} of the calls): "${excerpt(text)}". Give it ${column}, or merge with router.page().`,
        ),
        ...(rest > 0 ? [`${countText(rest)} more statements do not name ${column}.`] : []),
        'Tables that are only read and small are copied to every shard; sequences no longer count alone: make ids in the service, or give each shard a range.',
        'Start with all buckets on the one server, then move them while it is read and written: moveBucket(), its tables listed parents first.',
      ],
      code: {
        language: 'ts',
        before: 'await pool.query(text, values)',
        after: `const router = new ShardRouter({ shards: { north, south }, directory: north })
await router.run(${identifier(column)}, (shard, bucket) => shard.query(text, [bucket, ...values]))
// each bucket in turn, while both are in use
for (const { bucket, from, to } of movesTo(await readPlacement(north), ['north', 'south']))
  await moveBucket({ bucket, from: address(from), to: address(to), directory: north, tables: [${tables.map(name => `'${name}'`).join(', ')}] })`,
      },
    },
  }
}

/** `customer_id` is `customerId` in the service. */
function identifier(column: string): string {
  return column.replace(/[^a-zA-Z0-9]+(.)?/g, (_, next: string | undefined) => (next ?? '').toUpperCase())
}

/** Slots that keep log for a standby that is gone, and standbys that could not take over for long. */
import {
  ask,
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type PgSlot,
  type PgStandby,
} from '@whetstone/model'
import { bytesText, countText, fact, msText } from '../derive/figures.ts'

const SEGMENT_BYTES = 16_777_216

export const replicationRedundancy = definePractice({
  id: 'replication-redundancy',
  chapter: 'database',
  title: 'Keep a standby that can take over',
  why: 'With the only server its latest rows are gone too; and a standby that fell away unnoticed lets the log of the primary grow until its disk is full.',
  unless: ['A managed service keeps a standby of its own, which PostgreSQL does not show.'],
  sources: [
    'https://www.postgresql.org/docs/current/warm-standby.html#STREAMING-REPLICATION-SLOTS',
    'https://www.postgresql.org/docs/current/view-pg-replication-slots.html',
    'https://www.postgresql.org/docs/current/runtime-config-replication.html#GUC-MAX-SLOT-WAL-KEEP-SIZE',
  ],
  needs: ['pg'],
  thresholds: {
    keptBytes: {
      value: 1_073_741_824,
      unit: 'bytes',
      source: 'the default max_wal_size: without a slot the server keeps about as much for itself',
    },
    lagMs: { value: 5_000, unit: 'ms', source: 'PgHero calls a replica five seconds behind bad' },
  },
  remedy: {
    summary: 'Bound what a slot may keep, watch for inactive ones, and rehearse the failover.',
    example: {
      language: 'sql',
      before: "-- pg_replication_slots: 'standby1', active = f, 40 GB kept",
      after: `SELECT pg_drop_replication_slot('standby1');
ALTER SYSTEM SET max_slot_wal_keep_size = '10GB';
SELECT pg_reload_conf();`,
    },
  },
  detect({ pg }, thresholds) {
    const { replication, settings } = pg
    if (replication === undefined) return notApplicable('it could not be read who replicates from this server')
    const { standbys, slots, recovering } = replication
    const bound = settings['max_slot_wal_keep_size']
    const isBounded = bound !== undefined && !bound.startsWith('-1')
    const found = [
      ...slots.filter(({ log }) => log === 'lost').map(lostSlot),
      ...slots
        .filter(
          ({ active, log, keptBytes }) => !active && log !== 'lost' && !isBounded && keptBytes >= thresholds.keptBytes,
        )
        .map(idleSlot),
      ...standbys
        .filter(({ lagMs = 0, lagBytes = 0 }) => lagMs >= thresholds.lagMs && lagBytes >= SEGMENT_BYTES)
        .map(lateStandby),
    ]
    if (found.length > 0) return findings(found)
    if (recovering) return pass([], 'the database is a standby itself')
    if (standbys.length > 0)
      return pass([fact('standbys', standbys.length, 'count', 'pg')], `${countText(standbys.length)} standbys follow`)
    return ask('Has production a standby that takes over, and when was that last rehearsed?', [
      fact('standbys of this server', 0, 'count', 'pg'),
    ])
  },
})

function idleSlot({ name, kind, keptBytes, inactiveMs }: PgSlot): Finding {
  const where = { resource: `slot ${name}` }
  return {
    fingerprint: fingerprintOf('replication-redundancy', where),
    practice: 'replication-redundancy',
    title: `Nobody reads slot ${name}, and ${bytesText(keptBytes)} of log are kept for it`,
    where,
    facts: [
      fact('log kept for it', keptBytes, 'bytes', 'pg'),
      ...(inactiveMs === undefined ? [] : [fact('without a reader for', inactiveMs, 'ms', 'pg')]),
    ],
    confidence: 'strong',
    risk: 'outage',
    remedy: {
      summary: 'Bring its reader back, or drop the slot, before the disk is full.',
      steps: [
        kind === 'physical'
          ? 'It belongs to a standby: as long as that is away, nobody takes over when this server fails.'
          : 'It belongs to a subscription or to change capture: dropped, its reader has to begin anew with a copy.',
        'max_slot_wal_keep_size is unlimited: bound it below what the disk can hold.',
        'Alert on pg_replication_slots where active is false.',
      ],
      code: {
        language: 'sql',
        after: `SELECT pg_drop_replication_slot('${name.replaceAll("'", "''")}');  -- if its reader does not come back
ALTER SYSTEM SET max_slot_wal_keep_size = '10GB';
SELECT pg_reload_conf();`,
      },
    },
  }
}

function lostSlot({ name, kind }: PgSlot): Finding {
  const where = { resource: `slot ${name}` }
  return {
    fingerprint: fingerprintOf('replication-redundancy', where),
    practice: 'replication-redundancy',
    title: `Slot ${name} lost the log that its reader needs`,
    where,
    facts: [fact('slots that lost their log', 1, 'count', 'pg')],
    confidence: 'strong',
    ...(kind === 'physical' ? { risk: 'outage' as const } : {}),
    remedy: {
      summary:
        kind === 'physical'
          ? 'Copy the standby anew: until then nobody takes over when this server fails.'
          : 'Begin its reader anew with a copy.',
      steps: [
        'The slot kept more than max_slot_wal_keep_size allows, and was given up; what it needed is removed.',
        'Drop it, make the copy with a new slot, and see why its reader was away for so long.',
      ],
      code: {
        language: 'sql',
        after: `SELECT pg_drop_replication_slot('${name.replaceAll("'", "''")}');
-- then: pg_basebackup --write-recovery-conf --create-slot --slot=${name} --pgdata=…`,
      },
    },
  }
}

function lateStandby({ name, lagMs = 0, lagBytes = 0 }: PgStandby): Finding {
  const where = { resource: `standby ${name}` }
  return {
    fingerprint: fingerprintOf('replication-redundancy', where),
    practice: 'replication-redundancy',
    title: `Standby ${name} is ${msText(lagMs)} and ${bytesText(lagBytes)} of log behind`,
    where,
    facts: [
      fact('not yet replayed', lagBytes, 'bytes', 'pg'),
      fact('age of the latest it confirmed', lagMs, 'ms', 'pg'),
    ],
    confidence: 'strong',
    remedy: {
      summary: 'Find what holds its replay back: it takes over only when it has replayed all it received.',
      steps: [
        'A query on the standby may hold it (max_standby_streaming_delay), or replay is paused (pg_is_wal_replay_paused).',
        'Replay is one process: a disk slower than that of the primary cannot keep up with many writers.',
        'What it has not even received is lost in a failover, unless commits wait for it (synchronous_standby_names).',
      ],
      code: {
        language: 'sql',
        after: `-- on the standby
SELECT pg_is_wal_replay_paused(), pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn();
SELECT pid, now() - xact_start AS age, query FROM pg_stat_activity WHERE backend_xmin IS NOT NULL ORDER BY 2 DESC;`,
      },
    },
  }
}

import type { PgReplication, PgSlot, PgStandby } from '@whetstone/model'
import { expect, it } from 'vitest'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
import { pgOf } from '../derive/testing/evidence.ts'
import { replicationRedundancy } from './replication-redundancy.ts'

const GIB = 1_073_741_824
const standby = (more: Partial<PgStandby> = {}): PgStandby => ({
  name: 'one',
  state: 'streaming',
  commit: 'async',
  lagBytes: 0,
  ...more,
})
const slot = (more: Partial<PgSlot> = {}): PgSlot => ({
  name: 'one',
  kind: 'physical',
  active: true,
  log: 'reserved',
  keptBytes: 1_000,
  ...more,
})
const given = (replication: Partial<PgReplication>, settings: Readonly<Record<string, string>> = {}) => ({
  pg: pgOf({ settings, replication: { recovering: false, standbys: [], slots: [], ...replication } }),
})
const idle = slot({ active: false, log: 'extended', keptBytes: 40 * GIB, inactiveMs: 86_400_000 })

describePractice(replicationRedundancy, {
  silent: {
    'a run of before replication was read': { pg: pgOf() },
    'no standby: that can only be asked': given({}),
    'a standby that follows': given({ standbys: [standby()], slots: [slot()] }),
    'a standby itself': given({ recovering: true, replayLagMs: 60_000 }),
    'a slot without a reader that keeps little': given({ slots: [slot({ ...idle, keptBytes: GIB - 1 })] }),
    'a slot whose keeping is bounded': given({ slots: [idle] }, { max_slot_wal_keep_size: '10GB' }),
    'a slot that keeps much for a reader that reads': given({ slots: [slot({ keptBytes: 5 * GIB })] }),
    'a standby a moment behind': given({ standbys: [standby({ lagMs: 4_000, lagBytes: 50_000_000 })] }),
    'an old confirmation of a standby that has everything': given({ standbys: [standby({ lagMs: 60_000 })] }),
    'a standby whose state may not be seen': given({
      standbys: [{ name: 'one', state: 'unknown', commit: 'unknown' }],
    }),
  },
  reports: {
    'a slot that keeps log for nobody': {
      evidence: given({ slots: [idle] }, { max_slot_wal_keep_size: '-1' }),
      finds: [
        {
          fingerprint: 'replication-redundancy|||slot one',
          practice: 'replication-redundancy',
          title: expect.stringMatching(/^Nobody reads slot one, and 4\d(\.\d)? GB of log are kept for it$/) as string,
          where: { resource: 'slot one' },
          facts: [
            stated('log kept for it', 42_950_000_000, 'bytes', 'pg'),
            stated('without a reader for', 86_400_000, 'ms', 'pg'),
          ],
          confidence: 'strong',
          risk: 'outage',
          remedy: expect.objectContaining({
            code: {
              language: 'sql',
              after: `SELECT pg_drop_replication_slot('one');  -- if its reader does not come back
ALTER SYSTEM SET max_slot_wal_keep_size = '10GB';
SELECT pg_reload_conf();`,
            },
          }) as never,
        },
      ],
    },
    'a slot that was given up, though a standby follows': {
      evidence: given({ standbys: [standby()], slots: [slot(), slot({ name: 'two', active: false, log: 'lost' })] }),
      finds: [
        expect.objectContaining({
          title: 'Slot two lost the log that its reader needs',
          confidence: 'strong',
          risk: 'outage',
        }) as never,
      ],
    },
    'a standby that falls behind': {
      evidence: given({ standbys: [standby({ lagMs: 60_000, lagBytes: 500_000_000 })] }),
      finds: [
        expect.objectContaining({
          title: 'Standby one is 60.0 s and 500 MB of log behind',
          confidence: 'strong',
        }) as never,
      ],
    },
  },
})

it('asks for the standby of production where it sees none', () => {
  expect(outcomeOf(replicationRedundancy, given({}))).toMatchObject({
    kind: 'ask',
    question: 'Has production a standby that takes over, and when was that last rehearsed?',
  })
})

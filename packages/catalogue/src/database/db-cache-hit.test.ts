import type { PgEvidence, PgHealth, PgTable } from '@whetstone/model'
import { expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { column, hostOf, pgOf, table } from '../derive/testing/evidence.ts'
import { dbCacheHit } from './db-cache-hit.ts'

const orders = (heapBlocksHit: number, heapBlocksRead: number, more: Partial<PgTable> = {}) =>
  table('orders', 9_000_000, [column('id')], {
    heapBlocksHit,
    heapBlocksRead,
    indexBlocksHit: 50_000,
    indexBlocksRead: 10,
    ...more,
  })
const health = (blockReadMs?: number, uptimeMs = 3_600_000): PgHealth => ({
  uptimeMs,
  transactionAge: 5,
  sequences: [],
  temporaryFiles: 0,
  temporaryBytes: 0,
  ...(blockReadMs === undefined ? {} : { blockReadMs }),
})
const counted = {
  text: 'SELECT 1',
  calls: 100,
  totalMs: 20_000,
  meanMs: 200,
  rows: 100,
  blocksHit: 1,
  blocksRead: 1,
  temporaryBlocks: 0,
}
const pg = (own: PgTable, of: PgHealth, more: Partial<PgEvidence> = {}) =>
  pgOf({ tables: [own], health: of, statements: [counted], settings: { shared_buffers: '128MB' }, ...more })
const waiting = { ...hostOf(0.5), samples: hostOf(0.5).samples.map(one => ({ ...one, ioWaitFraction: 0.3 })) }

describePractice(dbCacheHit, {
  silent: {
    'a run of an older version': { pg: pgOf({ tables: [table('orders', 9_000_000, [column('id')])] }) },
    'everything in memory': { pg: pg(orders(900_000, 900), health(9_000)) },
    'the first touch of a small table': { pg: pg(orders(1_000, 9_000), health(9_000)) },
    'blocks from the cache of the system, at 10 µs each': { pg: pg(orders(100_000, 300_000), health(3_000)) },
    'a tenth of a percent of the time': { pg: pg(orders(100_000, 30_000), health(1_900)) },
    'a server that was started a minute ago': { pg: pg(orders(100_000, 60_000), health(9_000, 60_000)) },
    'no clock in the server and none of the machine': { pg: pg(orders(100_000, 60_000), health()) },
    'no clock in the server, and a machine that does not wait': {
      pg: pg(orders(100_000, 60_000), health()),
      host: hostOf(0.5),
    },
  },
  reports: {
    'blocks from a disk': {
      evidence: { pg: pg(orders(100_000, 60_000), health(9_000)), host: hostOf(0.5) },
      finds: [
        {
          fingerprint: 'db-cache-hit|||shared_buffers',
          practice: 'db-cache-hit',
          title: '38 % of the blocks come from disk, and 45 % of the time is spent waiting for them',
          where: { resource: 'shared_buffers' },
          facts: [
            expect.objectContaining({ quantity: { value: 0.625, unit: 'fraction' } }),
            expect.objectContaining({ quantity: { value: 0.9998, unit: 'fraction' } }),
            expect.objectContaining({ quantity: { value: 60_010, unit: 'count' } }),
            expect.objectContaining({ quantity: { value: 0.45, unit: 'fraction' } }),
            expect.objectContaining({ quantity: { value: 0.15, unit: 'ms' } }),
          ],
          confidence: 'strong',
          remedy: {
            summary: 'Give the server a quarter of the memory.',
            steps: expect.arrayContaining([expect.stringContaining('orders (492 MB)')]) as string[],
            code: {
              language: 'sql',
              after:
                "ALTER SYSTEM SET shared_buffers = '1GB';  -- takes a restart\nALTER SYSTEM SET effective_cache_size = '3GB';",
            },
          },
        },
      ],
    },
    'a machine that waits': {
      evidence: { pg: pg(orders(100_000, 60_000), health()), host: waiting },
      finds: [expect.objectContaining({ confidence: 'suspected' })],
    },
    'memory that is given already': {
      evidence: {
        pg: pg(orders(100_000, 60_000), health(9_000), { settings: { shared_buffers: '2GB' } }),
        host: hostOf(0.5),
      },
      finds: [
        expect.objectContaining({
          remedy: {
            summary: 'Read fewer blocks, or get more memory.',
            steps: expect.any(Array) as string[],
          },
        }),
      ],
    },
  },
})

it('says that nobody waited where blocks came from the cache of the system', () => {
  expect(outcomeOf(dbCacheHit, { pg: pg(orders(100_000, 300_000), health(3_000)) })).toMatchObject({
    kind: 'pass',
    note: '25 % of the blocks were in memory; the others came from the cache of the system, and nobody waited',
  })
})

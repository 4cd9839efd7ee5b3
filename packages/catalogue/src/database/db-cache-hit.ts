/** Whether what requests read fits into the memory of the database server. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  type HostEvidence,
  notApplicable,
  pass,
  type PgEvidence,
  type PgTable,
} from '@whetstone/model'
import { median } from '@whetstone/stats'
import { bytesText, countText, fact, msText, percentText, rounded } from '../derive/figures.ts'

const BLOCK_BYTES = 8_192
const GIGABYTE = 1_073_741_824

export const dbCacheHit = definePractice({
  id: 'db-cache-hit',
  chapter: 'database',
  title: 'Keep the working set of the database in memory',
  why: 'A block from memory takes a microsecond, from a disk a hundred or ten thousand. When the rows that are asked for no longer fit, every statement becomes slow at once.',
  unless: [
    'The blocks come from the cache of the operating system: they count as read, and nobody waits.',
    'The server was started a moment ago and its memory is still empty.',
    'It is an analytical database whose scans are larger than any memory.',
  ],
  sources: [
    'https://github.com/ankane/pghero',
    'https://www.postgresql.org/docs/current/runtime-config-resource.html#GUC-SHARED-BUFFERS',
    'https://www.postgresql.org/docs/current/monitoring-stats.html',
  ],
  needs: ['pg'],
  optional: ['host'],
  thresholds: {
    hitFraction: { value: 0.99, unit: 'fraction', source: 'PgHero cache_hit_rate_threshold' },
    waitFraction: { value: 0.1, unit: 'fraction', source: 'of the database time, or of the time of the machine' },
    readMs: {
      value: 0.05,
      unit: 'ms',
      source: 'a block of the system cache takes 0.005 to 0.02 ms, one of a fast disk 0.1 ms',
    },
    blocks: { value: 10_000, unit: 'count', source: '80 MB in the window; fewer are the first touch of a table' },
    uptimeMs: { value: 600_000, unit: 'ms', source: 'ten minutes in which the memory of a new server fills' },
  },
  remedy: {
    summary: 'Read fewer blocks first (an index, fewer columns, old rows elsewhere); then give the server memory.',
    example: {
      language: 'sql',
      before: `SHOW shared_buffers;  -- 128MB, on a server of 16 GB`,
      after: `ALTER SYSTEM SET shared_buffers = '4GB';  -- restart
ALTER SYSTEM SET effective_cache_size = '12GB';`,
    },
  },
  detect({ pg, host }, thresholds) {
    const heap = ratioOf(pg.tables, 'heapBlocksHit', 'heapBlocksRead')
    const index = ratioOf(pg.tables, 'indexBlocksHit', 'indexBlocksRead')
    const readBlocks = heap.readBlocks + index.readBlocks
    const facts = [
      fact('blocks of tables found in memory', heap.hitFraction, 'fraction', 'pg'),
      fact('blocks of indexes found in memory', index.hitFraction, 'fraction', 'pg'),
      fact('blocks read in the window', readBlocks, 'count', 'pg'),
    ]
    if (heap.hitBlocks + index.hitBlocks + readBlocks === 0) return notApplicable('no block of a table was read')
    const cold = [heap, index].filter(part => part.readBlocks >= thresholds.blocks)
    const hits = Math.min(...(cold.length > 0 ? cold : [heap, index]).map(part => part.hitFraction))
    const summary = `${percentText(hits)} of the blocks were in memory`
    if (hits >= thresholds.hitFraction || cold.length === 0) return pass(facts, summary)
    if ((pg.health?.uptimeMs ?? 0) < thresholds.uptimeMs)
      return pass(facts, `${summary}; the server has only just been started`)
    const wait = waitOf(pg, host, readBlocks)
    if (!wait) return notApplicable(`${summary}, and nothing tells whether anybody waited: SET track_io_timing = on`)
    if (wait.fraction < thresholds.waitFraction || (wait.readMs ?? Infinity) < thresholds.readMs)
      return pass(
        [...facts, fact('time waiting for blocks', wait.fraction, 'fraction', wait.kind)],
        `${summary}; the others came from the cache of the system, and nobody waited`,
      )
    return findings([describe(pg, host, { hits, wait, facts })])
  },
})

function ratioOf(
  tables: readonly PgTable[],
  hit: 'heapBlocksHit' | 'indexBlocksHit',
  read: 'heapBlocksRead' | 'indexBlocksRead',
) {
  const sum = (name: typeof hit | typeof read) => tables.reduce((total, table) => total + (table[name] ?? 0), 0)
  const [hitBlocks, readBlocks] = [sum(hit), sum(read)]
  const all = hitBlocks + readBlocks
  return { hitBlocks, readBlocks, hitFraction: all === 0 ? 1 : hitBlocks / all }
}

interface Wait {
  readonly fraction: number
  /** For one block; absent where only the machine as a whole was seen. */
  readonly readMs?: number
  readonly kind: 'pg' | 'host'
}

/** The server's own clock before that of the machine, which cannot tell who waited. */
function waitOf(pg: PgEvidence, host: HostEvidence | undefined, readBlocks: number): Wait | undefined {
  const blockReadMs = pg.health?.blockReadMs
  const databaseMs = pg.statements.reduce((sum, { totalMs }) => sum + totalMs, 0)
  if (blockReadMs !== undefined && databaseMs > 0)
    return { fraction: Math.min(1, blockReadMs / databaseMs), readMs: blockReadMs / readBlocks, kind: 'pg' }
  const samples = host?.samples.map(({ ioWaitFraction }) => ioWaitFraction) ?? []
  return samples.length > 0 ? { fraction: median(samples), kind: 'host' } : undefined
}

interface Cold {
  readonly hits: number
  readonly wait: Wait
  readonly facts: Finding['facts']
}

function describe(pg: PgEvidence, host: HostEvidence | undefined, { hits, wait, facts }: Cold): Finding {
  const buffers = pg.settings['shared_buffers'] ?? 'unknown'
  const wantedBytes = host ? host.memoryBytes / 4 : undefined
  const isSmall = wantedBytes !== undefined && bytesOf(buffers) < wantedBytes / 2
  const readers = pg.tables
    .filter(table => (table.heapBlocksRead ?? 0) > 0)
    .toSorted((a, b) => (b.heapBlocksRead ?? 0) - (a.heapBlocksRead ?? 0))
    .slice(0, 3)
    .map(({ name, heapBlocksRead = 0 }) => `${name} (${bytesText(heapBlocksRead * BLOCK_BYTES)})`)
  const wantedGb = Math.max(1, Math.floor((wantedBytes ?? 0) / GIGABYTE))
  return {
    fingerprint: fingerprintOf('db-cache-hit', { resource: 'shared_buffers' }),
    practice: 'db-cache-hit',
    title: `${percentText(1 - hits)} of the blocks come from disk, and ${percentText(wait.fraction)} of the time is spent waiting for them`,
    where: { resource: 'shared_buffers' },
    facts: [
      ...facts,
      fact('time waiting for blocks', wait.fraction, 'fraction', wait.kind),
      ...(wait.readMs === undefined ? [] : [fact('time for one block', wait.readMs, 'ms', 'pg')]),
    ],
    confidence: wait.kind === 'pg' ? 'strong' : 'suspected',
    remedy: {
      summary: isSmall ? 'Give the server a quarter of the memory.' : 'Read fewer blocks, or get more memory.',
      steps: [
        `Most was read from ${readers.join(', ')}: first see whether an index, fewer columns or fewer old rows make that less.`,
        `shared_buffers is ${buffers}${host ? `, of ${bytesText(host.memoryBytes)}` : ''}; the database has ${countText(rounded(pg.tables.reduce((sum, { totalBytes }) => sum + totalBytes, 0) / 1e6, 3))} MB of tables and indexes.`,
        ...(wait.readMs === undefined ? [] : [`A block takes ${msText(wait.readMs)}.`]),
        ...(isSmall
          ? ['A restart is needed. What it takes is missing to the cache of the system and to work_mem.']
          : []),
      ],
      ...(isSmall
        ? {
            code: {
              language: 'sql',
              after: `ALTER SYSTEM SET shared_buffers = '${wantedGb}GB';  -- takes a restart\nALTER SYSTEM SET effective_cache_size = '${wantedGb * 3}GB';`,
            },
          }
        : {}),
    },
  }
}

function bytesOf(setting: string): number {
  const [, figure, unit] = /^(\d+)(B|kB|MB|GB|TB)$/.exec(setting) ?? []
  const power = ['B', 'kB', 'MB', 'GB', 'TB'].indexOf(unit ?? '')
  return figure === undefined ? Infinity : Number(figure) * 1_024 ** power
}

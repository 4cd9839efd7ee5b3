/** Indexes that cost writes, memory and disk and return nothing: unused, doubled, broken or swollen ones. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  pass,
  type PgEvidence,
  type PgTable,
  type StatementsEvidence,
} from '@whetstone/model'
import { bytesText, countText, fact, msText } from '../derive/figures.ts'
import { quoted } from '../derive/index-sql.ts'
import { dropIndexStep } from '../derive/orm.ts'
import { type SpareIndex, spareIndexes } from '../derive/spare-indexes.ts'

export const indexUsage = definePractice({
  id: 'index-usage',
  chapter: 'database',
  title: 'Monitor index usage: unused, duplicate, invalid, bloated',
  why: 'Every index is written at every insert and at every update that leaves its page, and takes memory from those that are read: one that nobody reads is all cost, and one that is broken is written all the same.',
  unless: [
    'The index serves a report that runs once a quarter, or only the standbys read it.',
    'It enforces a constraint, or logical replication finds rows by it.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ALL-INDEXES-VIEW',
    'https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY',
    'https://www.postgresql.org/docs/current/routine-reindex.html',
    'https://github.com/ankane/pghero',
  ],
  needs: ['pg'],
  optional: ['statements'],
  thresholds: {
    scans: { value: 50, unit: 'count', source: 'PgHero unused_indexes: at most 50 scans' },
    unusedBytes: {
      value: 10_000_000,
      unit: 'bytes',
      source: 'below 10 MB the writes of one index are lost in the noise',
    },
    countersAgeMs: {
      value: 14 * 86_400_000,
      unit: 'ms',
      source: 'two weeks hold every weekly job; the counters of scans also lag behind by many seconds',
    },
    redundantBytes: { value: 1_000_000, unit: 'bytes', source: 'smaller ones are not worth a migration' },
    bloatFactor: {
      value: 2,
      unit: 'ratio',
      source: 'a btree under random inserts settles at about 70 % full, never at half',
    },
    bloatBytes: { value: 10_000_000, unit: 'bytes', source: 'less is not worth the rebuild' },
  },
  remedy: {
    summary: 'Drop what nobody reads and what another index holds; rebuild what is broken or half empty.',
    example: {
      language: 'sql',
      before: '-- orders_customer_id_idx (customer_id), orders_customer_id_created_at_idx (customer_id, created_at)',
      after: 'DROP INDEX CONCURRENTLY orders_customer_id_idx;  -- the other one begins with the same column',
    },
  },
  detect({ pg, statements }, limits) {
    const spare = spareIndexes(pg, limits)
    if (spare.length > 0) return findings(spare.map(one => describe(one, pg, dropSteps(one.table, statements))))
    const ageMs = pg.countersAgeMs ?? 0
    return pass(
      [fact('indexes looked at', pg.indexes.length, 'count', 'pg')],
      ageMs < limits.countersAgeMs
        ? `whether one is unused shows after ${msText(limits.countersAgeMs)}; these counters are ${msText(ageMs)} old`
        : 'each is used, and none is held by another',
    )
  },
})

/** In the words of the ORM that issues statements on the table: what it still declares, it creates again. */
function dropSteps(table: PgTable, statements: StatementsEvidence | undefined): readonly string[] {
  const steps = statements?.statements.flatMap(({ shape, issuedBy }) =>
    shape?.tables.includes(table.name) ? (dropIndexStep(issuedBy) ?? []) : [],
  )
  return steps?.slice(0, 1) ?? []
}

function describe(spare: SpareIndex, pg: PgEvidence, dropped: readonly string[]): Finding {
  const { index, table, kind } = spare
  const where = { resource: `${table.schema === 'public' ? '' : `${table.schema}.`}${table.name}(${index.name})` }
  const writes = table.writes && table.writes.inserts + table.writes.updates - table.writes.heapOnlyUpdates
  const { title, steps, sql, more } = wordsOf(spare, dropped)
  return {
    fingerprint: fingerprintOf('index-usage', where),
    practice: 'index-usage',
    title,
    where,
    facts: [
      fact('size of the index', index.bytes, 'bytes', 'pg'),
      fact('scans since the counters began', index.scans, 'count', 'pg'),
      ...(pg.countersAgeMs === undefined ? [] : [fact('age of the counters', pg.countersAgeMs, 'ms', 'pg')]),
      ...(writes === undefined ? [] : [fact('entries written to it in the window', writes, 'count', 'pg')]),
      ...more,
    ],
    // Scans tell of the past alone; what another index holds, and what is invalid, is so by definition.
    confidence: kind === 'unused' || kind === 'bloated' ? 'suspected' : 'strong',
    remedy: { summary: remedyOf[kind], steps, code: { language: 'sql', after: sql } },
  }
}

const remedyOf: Readonly<Record<SpareIndex['kind'], string>> = {
  invalid: 'Build it again, or drop it.',
  duplicate: 'Drop one of the two.',
  prefix: 'Drop the shorter one.',
  unused: 'Drop it.',
  bloated: 'Rebuild it without blocking writes.',
}

interface Words {
  readonly title: string
  readonly steps: readonly string[]
  readonly sql: string
  readonly more: Finding['facts']
}

function wordsOf(spare: SpareIndex, dropped: readonly string[]): Words {
  const { index, table } = spare
  const name = `${index.schema === 'public' ? '' : `${quoted(index.schema)}.`}${quoted(index.name)}`
  const size = bytesText(index.bytes)
  const drop = `DROP INDEX CONCURRENTLY ${name};`
  const back = `To have it back: ${index.definition};`
  switch (spare.kind) {
    case 'invalid':
      return {
        title: `${index.name} is invalid: no query may use it, every write still pays for it`,
        steps: [
          'A CREATE INDEX CONCURRENTLY that was interrupted leaves such an index behind.',
          'REINDEX CONCURRENTLY builds it again without blocking writes; drop it instead if a second one has taken its place.',
        ],
        sql: `REINDEX INDEX CONCURRENTLY ${name};`,
        more: [],
      }
    case 'duplicate':
    case 'prefix':
      return {
        title: `${index.name} (${size}) holds nothing that ${spare.other.name} does not`,
        steps: [
          spare.kind === 'duplicate'
            ? `Both index the same of ${table.name}: ${spare.other.definition}.`
            : `${spare.other.name} begins with the same columns: ${spare.other.definition}.`,
          'CONCURRENTLY waits for the queries that use it, and blocks none.',
          back,
          ...dropped,
        ],
        sql: drop,
        more: [fact('size of the other', spare.other.bytes, 'bytes', 'pg')],
      }
    case 'unused':
      return {
        title: `${index.name} (${size}) was scanned ${countText(index.scans)} times since the counters began`,
        steps: [
          'Ask the standbys first, if there are any that were not connected: each counts its own scans in pg_stat_user_indexes.',
          'CONCURRENTLY waits for the queries that use it, and blocks none.',
          back,
          ...dropped,
        ],
        sql: drop,
        more: [],
      }
    case 'bloated':
      return {
        title: `${index.name} takes ${size}, where its entries need about ${bytesText(spare.expectedBytes)}`,
        steps: [
          'Deleted and moved entries left pages half empty; every scan reads them.',
          'REINDEX CONCURRENTLY needs room for a second copy while it runs.',
        ],
        sql: `REINDEX INDEX CONCURRENTLY ${name};`,
        more: [fact('size that its entries need', spare.expectedBytes, 'bytes', 'pg')],
      }
  }
}

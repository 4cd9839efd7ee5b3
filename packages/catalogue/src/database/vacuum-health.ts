/** Dead rows that nobody removes, transaction numbers and sequences that run out: what a database needs to stay as fast as it was. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type PgEvidence,
  type PgSequence,
  type PgTable,
  type PlanEdit,
  type StatementsEvidence,
} from '@whetstone/model'
import { bytesText, countText, fact, percentText } from '../derive/figures.ts'
import { quoted } from '../derive/index-sql.ts'
import { placeOf } from '../derive/places.ts'
import { fullScans, plansByStatement } from '../derive/plans.ts'
import { statementTimes } from '../derive/statement-time.ts'
import { deadFractionOf, type Neglect, neglectOf } from '../derive/table-health.ts'
import { qualifiedSql } from '../derive/table-sql.ts'

const BLOCK_BYTES = 8_192
/** Half of what a transaction number can tell apart: older rows would seem to lie in the future. */
const TRANSACTIONS_IN_ALL = 2 ** 31

export const vacuumHealth = definePractice({
  id: 'vacuum-health',
  chapter: 'database',
  title: 'Vacuum, analyse and maintain',
  why: 'An update leaves the old row where it was. Until vacuum removes it, every scan reads it, every index points to it, and the table grows.',
  unless: [
    'The rows died a minute ago: autovacuum comes once in autovacuum_naptime.',
    'It is a scratch database that is dropped before it grows.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/routine-vacuuming.html',
    'https://www.postgresql.org/docs/current/runtime-config-vacuum.html',
    'https://github.com/ankane/pghero',
  ],
  needs: ['pg'],
  optional: ['statements'],
  thresholds: {
    deadFraction: { value: 0.2, unit: 'fraction', source: 'autovacuum_vacuum_scale_factor: where it would begin' },
    deadRows: { value: 10_000, unit: 'rows', source: 'fewer are read in a millisecond' },
    transactionsLeft: { value: 10_000_000, unit: 'count', source: 'PgHero transaction_id_danger' },
    sequenceFraction: { value: 0.9, unit: 'fraction', source: 'PgHero sequence_danger' },
  },
  remedy: {
    summary: 'Vacuum what was neglected, and let autovacuum come to large tables more often.',
    example: {
      language: 'sql',
      before: `-- a queue of 50,000 rows, 900,000 dead ones: each look reads them all
ALTER TABLE jobs SET (autovacuum_enabled = false);`,
      after: `ALTER TABLE jobs RESET (autovacuum_enabled);
ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
VACUUM (ANALYZE) jobs;`,
    },
  },
  detect({ pg, statements }, thresholds) {
    const { health, tables } = pg
    if (!health || tables.length === 0) return notApplicable('what the server says of its tables was not read')
    const found = [
      ...tables.flatMap(table => {
        const neglect = neglectOf(pg, table, thresholds)
        const isRead = table.sequentialScans + table.indexScans > 0
        return neglect && isRead ? [deadRows(table, neglect, pg, statements)] : []
      }),
      ...(TRANSACTIONS_IN_ALL - health.transactionAge < thresholds.transactionsLeft
        ? [runningOut(pg.database, health.transactionAge)]
        : []),
      ...health.sequences.filter(one => one.usedFraction > thresholds.sequenceFraction).map(sequenceEnds),
    ]
    if (found.length > 0) return findings(found)
    const worst = tables.toSorted((a, b) => b.deadRows - a.deadRows)[0]!
    return pass(
      [
        fact('most dead rows in a table', worst.deadRows, 'rows', 'pg'),
        fact('transactions since the oldest row was frozen', health.transactionAge, 'count', 'pg'),
      ],
      `at most ${countText(worst.deadRows)} dead rows in a table, and autovacuum due for none`,
    )
  },
})

function deadRows(
  table: PgTable,
  neglect: Neglect,
  pg: PgEvidence,
  statements: StatementsEvidence | undefined,
): Finding {
  const deadFraction = deadFractionOf(table)
  const wastedBytes = table.tableBytes * deadFraction
  const scans = scansOf(table, pg, statements)
  const [heaviest] = scans
  const where = {
    ...(heaviest && statements ? placeOf(heaviest.statementId, statements) : {}),
    resource: table.name,
  }
  const name = qualifiedSql(table)
  return {
    fingerprint: fingerprintOf('vacuum-health', { resource: table.name }),
    practice: 'vacuum-health',
    title: `${table.name} holds ${countText(table.deadRows)} dead rows beside ${countText(table.rows)}: autovacuum ${wordsOf[neglect]}`,
    where,
    facts: [
      fact('dead rows', table.deadRows, 'rows', 'pg'),
      fact('rows', table.rows, 'rows', 'pg'),
      fact('bytes of the table taken by dead rows', wastedBytes, 'bytes', 'pg'),
      fact('scans of the whole table', table.sequentialScans, 'count', 'pg'),
    ],
    confidence: neglect === 'does not keep up' ? 'suspected' : 'strong',
    ...(scans.length > 0 ? { edit: { kind: 'plan', statements: scans } } : {}),
    remedy: {
      summary: `Vacuum ${table.name}, and let autovacuum come to it.`,
      steps: [
        `About ${bytesText(wastedBytes)} of its ${bytesText(table.tableBytes)} (${percentText(deadFraction)}) are dead rows that every scan reads.`,
        'VACUUM blocks nobody and makes the room free for new rows; it gives none back.',
        ...(deadFraction >= 0.5
          ? [
              'To shrink the table rewrite it: VACUUM FULL locks it for as long as that takes and needs its size in free space; the extension pg_repack does it beside the traffic.',
            ]
          : []),
        'If the dead rows stay after VACUUM VERBOSE, an old transaction, a prepared one or a replication slot still needs them.',
      ],
      code: {
        language: 'sql',
        after: [...settingsFor(name, neglect), `VACUUM (VERBOSE, ANALYZE) ${name};`].join('\n'),
      },
    },
  }
}

const wordsOf: Readonly<Record<Neglect, string>> = {
  'off for the server': 'is off',
  'off for the table': 'is off for it',
  'does not keep up': 'does not keep up',
}

function settingsFor(name: string, neglect: Neglect): readonly string[] {
  switch (neglect) {
    case 'off for the server':
      return ['ALTER SYSTEM SET autovacuum = on;', 'SELECT pg_reload_conf();  -- no restart']
    case 'off for the table':
      return [`ALTER TABLE ${name} RESET (autovacuum_enabled);`]
    case 'does not keep up':
      return [
        `ALTER TABLE ${name} SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);`,
      ]
  }
}

/** Statements that read the whole table: a scan costs a point for each page, and the pages of dead rows go. */
function scansOf(
  table: PgTable,
  pg: PgEvidence,
  statements: StatementsEvidence | undefined,
): readonly PlanEdit['statements'][number][] {
  if (!statements) return []
  const deadPages = (table.tableBytes / BLOCK_BYTES) * deadFractionOf(table)
  return statementTimes(statements).flatMap(({ statementId }) => {
    const plan = plansByStatement(pg)
      .get(statementId)
      ?.find(({ root }) => fullScans(root, table.name).length > 0)
    if (!plan) return []
    return [{ statementId, costBefore: plan.totalCost, costAfter: Math.max(1, plan.totalCost - deadPages) }]
  })
}

function runningOut(database: string, transactionAge: number): Finding {
  const left = Math.max(0, TRANSACTIONS_IN_ALL - transactionAge)
  return {
    fingerprint: fingerprintOf('vacuum-health', { resource: 'transactions' }),
    practice: 'vacuum-health',
    title: `${countText(left)} transactions until the server takes no more writes`,
    where: { resource: 'transactions' },
    facts: [
      fact('transactions left', left, 'count', 'pg'),
      fact('transactions since the oldest row was frozen', transactionAge, 'count', 'pg'),
    ],
    confidence: 'strong',
    risk: 'outage',
    remedy: {
      summary: 'Freeze the old rows now, and find what kept autovacuum from doing it.',
      steps: [
        'First look for what holds the oldest transaction: pg_stat_activity.backend_xmin, pg_prepared_xacts, pg_replication_slots.xmin.',
        'Then freeze the tables with the highest age; it blocks nobody, and reads all of them.',
      ],
      code: {
        language: 'sql',
        after: `SELECT oid::regclass, age(relfrozenxid) FROM pg_class WHERE relkind IN ('r', 'm', 't') ORDER BY 2 DESC LIMIT 10;
VACUUM (FREEZE, VERBOSE);  -- in ${quoted(database)}; with a table's name for that table alone`,
      },
    },
  }
}

function sequenceEnds({ schema, name, usedFraction, table, column, columnType }: PgSequence): Finding {
  const sequence = qualifiedSql({ schema, name })
  const isColumn = table !== undefined && column !== undefined && columnType !== 'bigint'
  const place = table === undefined || column === undefined ? name : `${table}(${column})`
  return {
    fingerprint: fingerprintOf('vacuum-health', { resource: name }),
    practice: 'vacuum-health',
    title: `${percentText(usedFraction)} of the numbers for ${place} are used: then every insert fails`,
    where: { resource: name },
    facts: [fact('numbers used', usedFraction, 'fraction', 'pg')],
    confidence: 'strong',
    risk: 'outage',
    remedy: {
      summary: isColumn ? `Make ${place} a bigint.` : `Let ${name} count further.`,
      steps: isColumn
        ? [
            'The change rewrites the table under a lock. On a large one add a bigint column, fill it in batches and by trigger, and swap the two in one transaction.',
            'Columns that refer to it need the same type.',
          ]
        : ['Its own limit ends it, not the column.'],
      code: {
        language: 'sql',
        after: isColumn
          ? `ALTER TABLE ${qualifiedSql({ schema, name: table })} ALTER COLUMN ${quoted(column)} TYPE bigint;\nALTER SEQUENCE ${sequence} AS bigint;`
          : `ALTER SEQUENCE ${sequence} NO MAXVALUE;`,
      },
    },
  }
}

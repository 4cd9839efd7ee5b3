import type { PgAutovacuum, PgEvidence, PgHealth, PgSequence, PgTable } from '@whetstone/model'
import { expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { column, pgOf, plan, siteAt, statement, statementsOf, table, use } from '../derive/testing/evidence.ts'
import { vacuumHealth } from './vacuum-health.ts'

const autovacuum: PgAutovacuum = {
  enabled: true,
  vacuumThreshold: 50,
  vacuumScaleFactor: 0.2,
  analyzeThreshold: 50,
  analyzeScaleFactor: 0.1,
}
const off = { ...autovacuum, enabled: false }
const health: PgHealth = {
  uptimeMs: 3_600_000,
  transactionAge: 5_000,
  sequences: [],
  temporaryFiles: 0,
  temporaryBytes: 0,
}
const activity = {
  maxConnections: 100,
  connections: 5,
  peakConnections: 10,
  idleInTransaction: 0,
  windowMs: 20_000,
}
const jobs = (deadRows: number, more: Partial<PgTable> = {}) =>
  table('jobs', 50_000, [column('id')], {
    deadRows,
    deadRowsBefore: deadRows,
    tableBytes: 81_920_000,
    autovacuum,
    ...more,
  })
const pg = (tables: readonly PgTable[], more: Partial<PgEvidence> = {}) => ({
  pg: pgOf({ tables, health, activity, ...more }),
})
const sequence = (usedFraction: number, more: Partial<PgSequence> = {}): PgSequence => ({
  schema: 'public',
  name: 'jobs_id_seq',
  usedFraction,
  table: 'jobs',
  column: 'id',
  columnType: 'integer',
  ...more,
})
const perHour = { settings: { autovacuum_naptime: '1min' }, activity: { ...activity, windowMs: 3_600_000 } }

const count = statement('count', 'SELECT state, count(*) FROM jobs GROUP BY state', { tables: ['jobs'] })
const read = {
  ...pg([jobs(200_000, { autovacuum: off })], {
    plans: [
      {
        statementId: 'count',
        kind: 'generic',
        totalCost: 12_000,
        root: plan('Seq Scan', 12_000, { relation: 'jobs' }),
      },
    ],
  }),
  statements: statementsOf([count], [use('GET /jobs', 'count', 100, 5_000, { site: siteAt(9) })]),
}

describePractice(vacuumHealth, {
  silent: {
    'a run of an older version': { pg: pgOf({ tables: [jobs(900_000, { autovacuum: off })] }) },
    'a database without tables': pg([]),
    'a fresh table': pg([jobs(0)]),
    'few dead rows, autovacuum off': pg([jobs(9_000, { autovacuum: off })]),
    'many dead rows of very many': pg([jobs(90_000, { rows: 5_000_000, autovacuum: off })]),
    'many dead rows that autovacuum will come to within the minute': pg([jobs(900_000)]),
    'many dead rows made in the window': pg([jobs(900_000, { deadRowsBefore: 100 })], perHour),
    'dead rows that autovacuum is just due for': pg([jobs(15_000)], perHour),
    'dead rows of a table nobody reads': pg([jobs(900_000, { autovacuum: off, sequentialScans: 0, indexScans: 0 })]),
    'a table whose storage says nothing': pg([table('jobs', 50_000, [column('id')], { deadRows: 900_000 })]),
    'two thousand million transactions left': pg([jobs(0)], { health: { ...health, transactionAge: 150_000_000 } }),
    'half of a sequence used': pg([jobs(0)], { health: { ...health, sequences: [sequence(0.55)] } }),
  },
  reports: {
    'dead rows where autovacuum is off for the table': {
      evidence: read,
      finds: [
        {
          fingerprint: 'vacuum-health|||jobs',
          practice: 'vacuum-health',
          title: 'jobs holds 200,000 dead rows beside 50,000: autovacuum is off for it',
          where: { statementId: 'count', route: 'GET /jobs', site: siteAt(9), resource: 'jobs' },
          facts: [
            expect.objectContaining({ label: 'dead rows', quantity: { value: 200_000, unit: 'rows' } }),
            expect.objectContaining({ label: 'rows', quantity: { value: 50_000, unit: 'rows' } }),
            expect.objectContaining({ quantity: { value: 65_540_000, unit: 'bytes' } }),
            expect.objectContaining({ quantity: { value: 100, unit: 'count' } }),
          ],
          confidence: 'strong',
          edit: { kind: 'plan', statements: [{ statementId: 'count', costBefore: 12_000, costAfter: 4_000 }] },
          remedy: {
            summary: 'Vacuum jobs, and let autovacuum come to it.',
            steps: expect.arrayContaining([expect.stringContaining('pg_repack')]) as string[],
            code: {
              language: 'sql',
              after: 'ALTER TABLE jobs RESET (autovacuum_enabled);\nVACUUM (VERBOSE, ANALYZE) jobs;',
            },
          },
        },
      ],
    },
    'dead rows where autovacuum is off for the server': {
      evidence: pg([jobs(20_000, { autovacuum: off })], { settings: { autovacuum: 'off' } }),
      finds: [
        expect.objectContaining({
          title: 'jobs holds 20,000 dead rows beside 50,000: autovacuum is off',
          remedy: expect.objectContaining({
            code: expect.objectContaining({ after: expect.stringContaining('ALTER SYSTEM SET autovacuum = on;') }),
          }),
        }),
      ],
    },
    'dead rows that stayed for an hour': {
      evidence: pg([jobs(60_000)], perHour),
      finds: [
        expect.objectContaining({
          title: 'jobs holds 60,000 dead rows beside 50,000: autovacuum does not keep up',
          confidence: 'suspected',
        }),
      ],
    },
    'the end of transaction numbers': {
      evidence: pg([jobs(0)], { health: { ...health, transactionAge: 2 ** 31 - 4_000_000 } }),
      finds: [
        expect.objectContaining({
          title: '4,000,000 transactions until the server takes no more writes',
          risk: 'outage',
        }),
      ],
    },
    'the end of an integer key': {
      evidence: pg([jobs(0)], { health: { ...health, sequences: [sequence(0.97)] } }),
      finds: [
        expect.objectContaining({
          title: '97 % of the numbers for jobs(id) are used: then every insert fails',
          risk: 'outage',
          remedy: expect.objectContaining({
            code: {
              language: 'sql',
              after: 'ALTER TABLE jobs ALTER COLUMN id TYPE bigint;\nALTER SEQUENCE jobs_id_seq AS bigint;',
            },
          }),
        }),
      ],
    },
    'the end of a sequence with a limit of its own': {
      evidence: pg([jobs(0)], {
        health: { ...health, sequences: [{ schema: 'sales', name: 'bills', usedFraction: 0.95 }] },
      }),
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({
            code: { language: 'sql', after: 'ALTER SEQUENCE sales.bills NO MAXVALUE;' },
          }),
        }),
      ],
    },
  },
})

it('says how many dead rows there are where all is well', () => {
  expect(outcomeOf(vacuumHealth, pg([jobs(400)]))).toMatchObject({
    kind: 'pass',
    note: 'at most 400 dead rows in a table, and autovacuum due for none',
  })
})

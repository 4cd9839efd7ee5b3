/** Reads a PostgreSQL database around a measured window: counters before and after, activity in between, catalog and plans at the end. */
import type { PgEvidence, Statement } from '@whetstone/model'
import { startActivitySampler } from './activity.ts'
import { readCountersAgeMs, readForeignKeys, readIndexes, readTables } from './catalog.ts'
import { explainAll } from './explain.ts'
import { readDatabaseCounts, readHealth } from './health.ts'
import { HeldConnection } from './held-connection.ts'
import { Parts } from '../parts.ts'
import { readRangeReads } from './range-reads.ts'
import { readReplication } from './replication.ts'
import { sessionStatements } from './session-statement.ts'
import { readExtensions, readSettings } from './settings.ts'
import { countedInWindow, readStatementCounters } from './statement-counters.ts'
import { readTableCounts, type TableCounts } from './table-counts.ts'

export interface PgCollectorOptions {
  readonly url: string
  /** EXPLAIN ANALYZE of reads with captured parameters; off unless the user asked, because it runs them. */
  readonly explainAnalyze?: boolean
  /** Distinct statements that are planned, by total time. */
  readonly statementsToExplain?: number
  readonly parameterSets?: number
  readonly activityIntervalMs?: number
  readonly explainBudgetMs?: number
}

export interface PgCollector {
  /** Ends the window, reads the rest and closes the connection. What cannot be read, as from a server that is gone, is named in `unavailable`. */
  finish(given: { readonly statements: readonly Statement[] }): Promise<PgEvidence>
  /** Closes without reading. */
  stop(): Promise<void>
}

/** @throws WHET_DATABASE_UNREACHABLE */
export async function startPgCollector(options: PgCollectorOptions): Promise<PgCollector> {
  const held = await HeldConnection.open({ url: options.url })
  try {
    return await begin(held, options)
  } catch (error) {
    await held.close()
    throw error
  }
}

async function begin(held: HeldConnection, options: PgCollectorOptions): Promise<PgCollector> {
  const parts = new Parts()
  const { client } = held
  const { rows } = await client.query<{ version: number; database: string }>(
    `select current_setting('server_version_num')::int as version, current_database() as database`,
  )
  const { version, database } = rows[0]!
  const countersBefore = await parts.read('statements', undefined, () => readStatementCounters(client))
  const tablesBefore = await parts.read<TableCounts>('scans', new Map(), () => readTableCounts(client))
  const databaseBefore = await parts.read('health', undefined, () => readDatabaseCounts(client))
  const sampler = await startActivitySampler(held, options.activityIntervalMs ?? 250)
  const startedMs = performance.now()

  const read = async (statements: readonly Statement[]): Promise<PgEvidence> => {
    const windowMs = performance.now() - startedMs
    await held.tryNow()
    const outages = held.outages()
    const seen = await parts.read('activity', { connections: 0, peakConnections: 0, idleInTransaction: 0 }, () =>
      sampler.stop(sessionStatements(statements)),
    )
    const { client } = held
    const counted =
      countersBefore &&
      (await parts.read('statements', undefined, async () =>
        countedInWindow(countersBefore, await readStatementCounters(client), statements),
      ))
    if (counted && counted.hidden > 0)
      parts.note(
        'statements',
        `${counted.hidden} texts of other roles are hidden: GRANT pg_read_all_stats to this role`,
      )
    const tables = await parts.read('tables', [], () => readTables(client, tablesBefore))
    const health = databaseBefore && (await parts.read('health', undefined, () => readHealth(client, databaseBefore)))
    const replication = await parts.read('replication', undefined, () => readReplication(client, version))
    const indexes = await parts.read('indexes', [], () => readIndexes(client))
    const countersAgeMs = await parts.read('countersAge', 0, () => readCountersAgeMs(client))
    const foreignKeys = await parts.read('foreignKeys', [], () => readForeignKeys(client))
    const settings = await parts.read('settings', {} as Record<string, string>, () => readSettings(client))
    const extensions = await parts.read('extensions', [], () => readExtensions(client))
    const totalMs = new Map((counted?.statements ?? []).map(one => [one.statementId, one.totalMs]))
    const explained = await parts.read('plans', { plans: [] }, () =>
      explainAll(client, byTime(statements, totalMs), {
        serverVersion: version,
        maxStatements: options.statementsToExplain ?? 60,
        maxParameterSets: options.parameterSets ?? 3,
        analyze: options.explainAnalyze ?? false,
        deadlineMs: performance.now() + (options.explainBudgetMs ?? 20_000),
        now: () => performance.now(),
      }),
    )
    if ('failed' in explained && typeof explained.failed === 'string') parts.note('plans', explained.failed)
    const rangeReads = await parts.read('rangeReads', [], () => readRangeReads(client, tables, explained.plans))
    return {
      schema: 'pg@1',
      serverVersion: version,
      database,
      tables,
      indexes,
      foreignKeys,
      countersAgeMs,
      settings,
      extensions,
      activity: {
        maxConnections: Number(settings.max_connections ?? 0),
        ...seen,
        windowMs,
        ...(outages.length > 0 ? { outages } : {}),
      },
      statements: counted?.statements ?? [],
      plans: explained.plans,
      indexTrials: [],
      ...(health ? { health } : {}),
      rangeReads,
      ...(replication ? { replication } : {}),
      unavailable: parts.unavailable,
    }
  }
  const close = async () => {
    await sampler.stop(sessionStatements([])).catch(() => {})
    await held.close()
  }
  return {
    finish: async ({ statements }) => {
      try {
        return await read(statements)
      } finally {
        await held.close()
      }
    },
    stop: close,
  }
}

/** Heaviest first; without the server's counters by the slowest run that was seen. */
function byTime(statements: readonly Statement[], totalMs: ReadonlyMap<string | undefined, number>): Statement[] {
  const weight = (statement: Statement) =>
    totalMs.get(statement.id) ?? Math.max(0, ...statement.parameters.map(({ durationMs }) => durationMs))
  return statements.toSorted((a, b) => weight(b) - weight(a))
}

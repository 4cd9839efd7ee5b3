/** Where an index may be tried: HypoPG on the user's server, or a scratch copy; never a real index on the user's database. */
import type { Client } from 'pg'
import type { IndexTrial, PgEvidence, PgTable } from '@whetstone/model'
import { connectReadOnly, connectScratch } from './connect.ts'
import { copyTables } from './scratch-copy.ts'

/** A server on which databases may be made and dropped; the sandbox's PostgreSQL fits. */
export interface ScratchServer {
  createDatabase(name: string): Promise<string>
  dropDatabase(name: string): Promise<void>
}

export interface PlaceOptions {
  readonly url: string
  readonly scratch?: () => Promise<ScratchServer>
  /** Default 256 MiB, of all tables together. */
  readonly maxCopyBytes?: number
  /** Default 20 s, for all tables together. */
  readonly copyBudgetMs?: number
  readonly signal: AbortSignal
}

export interface TrialPlace {
  readonly by: IndexTrial['by']
  readonly client: Client
  /** What the reader should know about it: a sample, tables that are missing. */
  readonly remarks: readonly string[]
  close(): Promise<void>
}

export async function openTrialPlace(
  pg: PgEvidence,
  tables: readonly PgTable[],
  options: PlaceOptions,
): Promise<TrialPlace | undefined> {
  if (pg.extensions.includes('hypopg')) return await onUserServer(options)
  return options.scratch ? await onScratch(pg, tables, options) : undefined
}

async function onUserServer({ url }: PlaceOptions): Promise<TrialPlace> {
  const client = await connectReadOnly(url)
  return { by: 'hypopg', client, remarks: [], close: async () => await client.end() }
}

let copies = 0

async function onScratch(pg: PgEvidence, tables: readonly PgTable[], options: PlaceOptions): Promise<TrialPlace> {
  const server = await options.scratch!()
  const name = `whetstone_scratch_${process.pid}_${copies++}`
  const to = await connectScratch(await server.createDatabase(name), { statementTimeoutMs: 120_000 })
  const close = async () => {
    await to.end().catch(() => {})
    await server.dropDatabase(name)
  }
  try {
    const from = await connectReadOnly(options.url)
    try {
      const copied = await copyTables(from, to, pg, tables, {
        maxBytes: options.maxCopyBytes ?? 256 * 1024 ** 2,
        budgetMs: options.copyBudgetMs ?? 20_000,
        signal: options.signal,
      })
      await adoptSettings(to, pg)
      // Otherwise a scan of a large table begins where the last one found its row, and the second run takes no time.
      await to.query('SET synchronize_seqscans = off')
      const sampled = copied.fraction < 1 ? [`on a sample of ${(copied.fraction * 100).toFixed(1)} % of the rows`] : []
      return { by: 'scratch-copy', client: to, remarks: [...sampled, ...copied.failed], close }
    } finally {
      await from.end().catch(() => {})
    }
  } catch (error) {
    await close()
    throw error
  }
}

const plannerSettings =
  `work_mem effective_cache_size random_page_cost seq_page_cost cpu_tuple_cost cpu_index_tuple_cost
cpu_operator_cost effective_io_concurrency jit jit_above_cost max_parallel_workers_per_gather search_path`.split(/\s+/)

/** The planner must think of the same machine. */
async function adoptSettings(client: Client, pg: PgEvidence): Promise<void> {
  for (const name of plannerSettings) {
    const value = pg.settings[name]
    if (value !== undefined) await client.query('select set_config($1, $2, false)', [name, value]).catch(() => {})
  }
}

/** PostgreSQL as a tier, where there is no other store: a row an entry, and every decision about it made in one statement. */
import type { Ctx } from '../../context.ts'
import type { TableName } from '../../data/identifier.ts'
import type { Lookup, Tier, TierEntry, Version } from '../tier.ts'
import { within } from '../within.ts'
import { nowMicros, nowMs, type PostgresClient } from './client.ts'
import { type PostgresTables, tablesOf } from './tables.ts'

export interface PostgresTierOptions {
  /** As it was set up. Default `whetstone_cache`. */
  readonly table?: TableName
  /** How long the mark of a deletion refuses older loads: longer than any load may last. Default 120,000. */
  readonly tombstoneMs?: number
  /** No entry is kept for longer, whatever it says, and the stamp of a tag for as long. Default 30 days. */
  readonly longestLifeMs?: number
  /** How often this process removes what is gone, at most 1,000 rows a time, beside one of its writes. Default 10,000. */
  readonly cleanEveryMs?: number
}

const cleanedAtOnce = 1_000

/** A tier in the tables of `setUpPostgresCache`. The pool stays the caller's. */
export function postgresTier(client: PostgresClient, options: PostgresTierOptions = {}): Tier {
  return new PostgresTier(client, options)
}

interface EntryRow {
  readonly now: string
  readonly version: string | null
  readonly fresh_until_ms: number
  readonly gone_at_ms: number
  readonly load_ms: number
  readonly missing: boolean
  readonly tags: string[]
  readonly payload: Buffer | null
}

class PostgresTier implements Tier {
  readonly name = 'postgres'
  readonly #client: PostgresClient
  readonly #tables: PostgresTables
  readonly #tombstoneMs: number
  readonly #longestLifeMs: number
  readonly #cleanEveryMs: number
  #cleanedAtMs = 0

  constructor(
    client: PostgresClient,
    { table, tombstoneMs = 120_000, longestLifeMs = 30 * 86_400_000, cleanEveryMs = 10_000 }: PostgresTierOptions,
  ) {
    this.#client = client
    this.#tables = tablesOf(table)
    this.#tombstoneMs = tombstoneMs
    this.#longestLifeMs = longestLifeMs
    this.#cleanEveryMs = cleanEveryMs
  }

  async get(key: string, ctx?: Ctx): Promise<Lookup> {
    const [lookup] = await this.getMany([key], ctx)
    return lookup!
  }

  async getMany(keys: readonly string[], ctx?: Ctx): Promise<readonly Lookup[]> {
    if (keys.length === 0) return []
    const rows = await this.#rows<EntryRow>(
      `select ${nowMicros} as now, e.version, e.fresh_until_ms, e.gone_at_ms, e.load_ms, e.missing, e.tags, e.payload
       from unnest($1::bytea[]) with ordinality asked(key, place) left join ${this.#tables.entries} e on e.key = asked.key
       order by asked.place`,
      [keys.map(bytesOf)],
      ctx,
    )
    const atMs = Date.now()
    return rows.map(row => lookupOf(row, atMs))
  }

  async set(key: string, entry: TierEntry, ctx?: Ctx): Promise<boolean> {
    const { entries } = this.#tables
    const keptUntilMs = Math.min(entry.goneAtMs, Date.now() + this.#longestLifeMs)
    const rows = await this.#rows(
      `insert into ${entries} as e (key, version, fresh_until_ms, gone_at_ms, load_ms, missing, tags, payload, kept_until_ms)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       on conflict (key) do update set version = excluded.version, fresh_until_ms = excluded.fresh_until_ms,
         gone_at_ms = excluded.gone_at_ms, load_ms = excluded.load_ms, missing = excluded.missing, tags = excluded.tags,
         payload = excluded.payload,
         kept_until_ms = greatest(excluded.kept_until_ms, least(e.kept_until_ms, ${nowMs} + $10))
       where e.version < excluded.version or (e.version = excluded.version and e.payload is not null)
       returning 1`,
      [
        ...[bytesOf(key), entry.version, entry.freshUntilMs, entry.goneAtMs, entry.loadMs, entry.missing],
        ...[[...entry.tags], Buffer.from(entry.payload), keptUntilMs, this.#tombstoneMs],
      ],
      ctx,
    )
    this.#cleanNowAndThen()
    return rows.length === 1
  }

  /** In one order for all, so that two deletions do not wait for one another. */
  async delete(keys: readonly string[], ctx?: Ctx): Promise<Version> {
    const rows = await this.#rows<{ version: string }>(
      `insert into ${this.#tables.entries} as e (key, version, kept_until_ms)
       select key, ${nowMicros}, ${nowMs} + $2 from (select distinct unnest($1::bytea[]) as key order by 1) asked
       on conflict (key) do update set version = greatest(excluded.version, e.version + 1), payload = null, tags = null,
         kept_until_ms = excluded.kept_until_ms
       returning version`,
      [keys.map(bytesOf), this.#tombstoneMs],
      ctx,
    )
    return Math.max(0, ...rows.map(row => Number(row.version)))
  }

  async stampTags(tags: readonly string[], ctx?: Ctx): Promise<Version> {
    const table = this.#tables.tags
    const rows = await this.#rows<{ version: string }>(
      `with latest as (select coalesce(max(version), 0) + 1 as version from ${table} where tag = any($1::text[]))
       insert into ${table} as t (tag, version, kept_until_ms)
       select tag, greatest(${nowMicros}, latest.version), ${nowMs} + $2
       from (select distinct unnest($1::text[]) as tag order by 1) asked, latest
       on conflict (tag) do update set version = greatest(excluded.version, t.version + 1), kept_until_ms = excluded.kept_until_ms
       returning version`,
      [[...tags], this.#longestLifeMs],
      ctx,
    )
    // Each has its own, microseconds apart; what is said of all of them is the last.
    const version = Math.max(0, ...rows.map(row => Number(row.version)))
    await this.#rows(
      `update ${table} set version = $2 where tag = any($1::text[]) and version < $2`,
      [[...tags], version],
      ctx,
    )
    return version
  }

  async tagStamps(tags: readonly string[], ctx?: Ctx): Promise<readonly Version[]> {
    if (tags.length === 0) return []
    const rows = await this.#rows<{ version: string | null }>(
      `select t.version from unnest($1::text[]) with ordinality asked(tag, place)
       left join ${this.#tables.tags} t on t.tag = asked.tag order by asked.place`,
      [[...tags]],
      ctx,
    )
    return rows.map(row => Number(row.version ?? 0))
  }

  async close(): Promise<void> {}

  async #rows<Row>(text: string, values: unknown[], ctx: Ctx | undefined): Promise<readonly Row[]> {
    const { rows } = await within(this.#client.query(text, values), ctx)
    return rows as Row[]
  }

  #cleanNowAndThen(): void {
    if (Date.now() - this.#cleanedAtMs < this.#cleanEveryMs) return
    this.#cleanedAtMs = Date.now()
    for (const table of [this.#tables.entries, this.#tables.tags]) {
      const gone = `select ctid from ${table} where kept_until_ms < ${nowMs} limit ${cleanedAtOnce} for update skip locked`
      // Whoever comes next cleans what this one could not.
      this.#client.query(`delete from ${table} where ctid = any(array(${gone}))`).catch(() => undefined)
    }
  }
}

function lookupOf(row: EntryRow, atMs: number): Lookup {
  const stored = Number(row.version ?? 0)
  const version = Math.max(Number(row.now), stored + 1)
  if (row.payload === null || row.gone_at_ms <= atMs) return { entry: undefined, version }
  const { fresh_until_ms: freshUntilMs, gone_at_ms: goneAtMs, load_ms: loadMs, missing, tags, payload } = row
  return { entry: { payload, version: stored, freshUntilMs, goneAtMs, loadMs, missing, tags }, version }
}

function bytesOf(key: string): Buffer {
  return Buffer.from(key)
}

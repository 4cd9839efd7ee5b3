/** A journal in a table of PostgreSQL: shared by all processes of a service, flushed by one of them at a time. */
import { randomUUID } from 'node:crypto'
import { quoted, tableSql, type TableName } from '../../data/identifier.ts'
import { Fault } from '../../fault.ts'
import type { PostgresClient } from '../postgres/client.ts'
import type { Journal, JournalEntry, JournalWrite, SetAside } from './journal.ts'

export interface PostgresJournalOptions {
  /** A `Pool` of pg, or whatever of `@whetstone/runtime/data` runs a statement. Any pooler may stand between. */
  readonly database: Pick<PostgresClient, 'query'>
  /** Of this write-back alone; two more beside it end in `_set_aside` and `_flusher`. Made where they are missing. Default `whetstone_write_back`. */
  readonly table?: TableName
  /** Rows, estimated by the distance from the oldest to the newest; beyond, writes wait and are then refused. Default 1,000,000. */
  readonly maxPending?: number
  /** Default 1,000. */
  readonly maxSetAside?: number
  /** So long after the death of the flusher another process takes over. Above what a batch takes; default 10,000. */
  readonly leaseMs?: number
}

interface Row {
  readonly key: string
  /** As base64, so that no setting of the driver changes it. */
  readonly payload: string | null
  /** `bigint`, which drivers give as text. */
  readonly sequence: string
}

export class PostgresJournal implements Journal {
  readonly #database: Pick<PostgresClient, 'query'>
  readonly #table: string
  readonly #setAsideTable: string
  readonly #flusherTable: string
  readonly #indexName: string
  readonly #maxPending: number
  readonly #maxSetAside: number
  readonly #leaseMs: number
  readonly #owner = randomUUID()

  constructor(options: PostgresJournalOptions) {
    const { database, table = 'whetstone_write_back', maxPending = 1_000_000, maxSetAside = 1_000 } = options
    const { leaseMs = 10_000 } = options
    for (const [name, bound] of Object.entries({ maxPending, maxSetAside, leaseMs }))
      if (!(bound >= 1)) throw new RangeError(`${name} of a journal must be at least 1, not ${bound}`)
    const parts = typeof table === 'string' ? table.split('.') : table
    const beside = (suffix: string): string => tableSql([...parts.slice(0, -1), parts.at(-1)! + suffix])
    this.#database = database
    this.#table = tableSql(parts)
    this.#setAsideTable = beside('_set_aside')
    this.#flusherTable = beside('_flusher')
    this.#maxPending = maxPending
    this.#maxSetAside = maxSetAside
    this.#leaseMs = leaseMs
    this.#indexName = quoted(`${parts.at(-1)!}_key`)
  }

  async open(): Promise<void> {
    // One message, one transaction: the lock keeps processes that start together from making the same table twice.
    await this.#database.query(`
      select pg_advisory_xact_lock(hashtext('whetstone write-back'));
      create table if not exists ${this.#table} (
        sequence bigint generated always as identity primary key, key text not null, payload bytea, at timestamptz not null default now());
      create index if not exists ${this.#indexName} on ${this.#table} (key, sequence);
      create table if not exists ${this.#setAsideTable} (
        sequence bigint primary key, key text not null, payload bytea, error text not null, tries int not null,
        at timestamptz not null default now());
      create table if not exists ${this.#flusherTable} (
        only_row boolean primary key default true check (only_row), owner uuid not null, until timestamptz not null)`)
  }

  async append(writes: readonly JournalWrite[]): Promise<readonly number[]> {
    // A server that acknowledges commits before they are on its disk is told not to for this one.
    const rows = await this.#rows<Row>(
      `with durable as materialized (
         select case when current_setting('synchronous_commit') = 'off' then set_config('synchronous_commit', 'on', true) end as was,
           coalesce((select max(sequence) - min(sequence) + 1 from ${this.#table}), 0) < $3 as has_room
       )
       insert into ${this.#table} (key, payload)
       select w.key, decode(w.payload, 'base64') from durable, unnest($1::text[], $2::text[]) as w(key, payload)
       where has_room and was is distinct from 'off'
       returning key, sequence, null as payload`,
      [
        writes.map(({ key }) => key),
        writes.map(({ payload }) => payload && Buffer.from(payload).toString('base64')),
        this.#maxPending,
      ],
    )
    if (rows.length < writes.length)
      throw new Fault('FAULT_WRITE_BACK_FULL', `${this.#table} holds ${this.#maxPending} rows, and may not hold more`, {
        retryable: true,
        hint: 'see stats().lastError: the origin takes less than is written',
      })
    const sequences = new Map(rows.map(({ key, sequence }) => [key, Number(sequence)]))
    return writes.map(({ key }) => sequences.get(key)!)
  }

  async pending(key: string): Promise<JournalEntry | undefined> {
    const rows = await this.#rows<Row>(
      `select key, encode(payload, 'base64') as payload, sequence from ${this.#table} where key = $1 order by sequence desc limit 1`,
      [key],
    )
    return rows[0] && entryOf(rows[0])
  }

  async pendingCount(): Promise<number> {
    const rows = await this.#rows<{ count: number }>(`select count(distinct key)::int as count from ${this.#table}`)
    return rows[0]!.count
  }

  async oldest(limit: number, except: readonly string[]): Promise<readonly JournalEntry[]> {
    const rows = await this.#rows<Row>(
      `select distinct on (key) key, encode(payload, 'base64') as payload, sequence
       from (select * from ${this.#table} where key <> all ($2::text[]) order by sequence limit $1) as waiting
       order by key, sequence desc`,
      [limit, except],
    )
    return rows.map(entryOf).toSorted((one, other) => one.sequence - other.sequence)
  }

  async settle(entries: readonly JournalEntry[]): Promise<void> {
    await this.#database.query(
      `delete from ${this.#table} as pending using unnest($1::text[], $2::bigint[]) as settled(key, sequence)
       where pending.key = settled.key and pending.sequence <= settled.sequence`,
      [entries.map(({ key }) => key), entries.map(({ sequence }) => sequence)],
    )
  }

  async setAside(entry: JournalEntry, error: string, tries: number): Promise<boolean> {
    const { rowCount } = await this.#database.query(
      `with kept as (
         insert into ${this.#setAsideTable} (sequence, key, payload, error, tries)
         select $1, $2, decode($3, 'base64'), $4, $5 where (select count(*) from ${this.#setAsideTable}) < $6
         on conflict (sequence) do update set error = excluded.error, tries = excluded.tries
         returning sequence
       ), gone as (
         delete from ${this.#table} where key = $2 and sequence <= $1 and exists (select from kept)
       )
       select from kept`,
      [
        entry.sequence,
        entry.key,
        entry.payload ? Buffer.from(entry.payload).toString('base64') : null,
        // PostgreSQL's text has every character but this.
        error.replaceAll('\0', ''),
        tries,
        this.#maxSetAside,
      ],
    )
    return rowCount === 1
  }

  async listSetAside(): Promise<readonly SetAside[]> {
    const rows = await this.#rows<Row & { error: string; tries: number; at_ms: number }>(
      `select key, encode(payload, 'base64') as payload, sequence, error, tries, extract(epoch from at)::float8 * 1000 as at_ms
       from ${this.#setAsideTable} order by sequence`,
    )
    return rows.map(({ at_ms: atMs, error, tries, ...row }) => ({ ...entryOf(row), error, tries, atMs }))
  }

  async forgetSetAside(sequence: number): Promise<void> {
    await this.#database.query(`delete from ${this.#setAsideTable} where sequence = $1`, [sequence])
  }

  async lead(): Promise<boolean> {
    const { rowCount } = await this.#database.query(
      `insert into ${this.#flusherTable} as flusher (owner, until) values ($1, clock_timestamp() + $2 * interval '1 millisecond')
       on conflict (only_row) do update set owner = excluded.owner, until = excluded.until
       where flusher.owner = excluded.owner or flusher.until < clock_timestamp()`,
      [this.#owner, this.#leaseMs],
    )
    return rowCount === 1
  }

  async #rows<Found>(text: string, values?: unknown[]): Promise<Found[]> {
    return (await this.#database.query(text, values)).rows as Found[]
  }

  async close(): Promise<void> {
    await this.#database.query(`delete from ${this.#flusherTable} where owner = $1`, [this.#owner])
  }
}

function entryOf({ key, payload, sequence }: Row): JournalEntry {
  return {
    key,
    payload: payload === null ? undefined : new Uint8Array(Buffer.from(payload, 'base64')),
    sequence: Number(sequence),
  }
}

/** What the runs of write-back have in common: the two journals, and an origin that keeps a history nobody can improve. */
import { FileJournal, type Journal, PostgresJournal, type WriteBackEntry } from '@whetstone/runtime/cache'
import type { Pool } from '@whetstone/runtime/data'
import { join } from 'node:path'

export interface Setting {
  /** `forgotten` is the control: a journal that the next process does not find, which is what memory would be. */
  readonly journal: 'file' | 'postgres' | 'forgotten'
  readonly url: string
  /** Of the journal of files. */
  readonly folder: string
  readonly firstValue: number
}

export const keyCount = 64

export function journalOf({ journal, folder }: Setting, database: Pool): Journal {
  // A short lease, so that the next process need not wait for it.
  if (journal === 'postgres') return new PostgresJournal({ database, leaseMs: 200 })
  // Small files, so that a run of a moment goes through several.
  const segmentBytes = 4_096
  return new FileJournal({ folder: journal === 'file' ? folder : join(folder, String(process.pid)), segmentBytes })
}

/** Every change of the origin leaves a line, in the order in which they were applied. */
export const originSql = `
  create table origin (key text primary key, value bigint not null, sequence bigint not null);
  create table history (at bigint generated always as identity, key text not null, value bigint not null, sequence bigint not null);
  create function remember() returns trigger language plpgsql as
    $$ begin insert into history (key, value, sequence) values (new.key, new.value, new.sequence); return null; end $$;
  create trigger remember after insert or update on origin for each row execute function remember()`

export function flushTo(database: Pool) {
  return async (entries: readonly WriteBackEntry<number>[]): Promise<void> => {
    await database.query(
      `insert into origin (key, value, sequence)
       select * from unnest($1::text[], $2::bigint[], $3::bigint[])
       on conflict (key) do update set value = excluded.value, sequence = excluded.sequence
       where origin.sequence < excluded.sequence`,
      [entries.map(({ key }) => key), entries.map(({ value }) => value), entries.map(({ sequence }) => sequence)],
    )
  }
}

/** Durable write-back: a journal, and what brings it to the origin. */
export { FileJournal } from './file-journal.ts'
export type { FileJournalOptions } from './file-journal.ts'
export type { Journal, JournalEntry, JournalWrite, SetAside } from './journal.ts'
export { PostgresJournal } from './postgres-journal.ts'
export type { PostgresJournalOptions } from './postgres-journal.ts'
export { WriteBack } from './write-back.ts'
export type { SetAsideEntry, WriteBackEntry, WriteBackOptions, WriteBackStats } from './write-back.ts'

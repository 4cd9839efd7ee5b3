/** Where a write is safe before its origin has it: what write-back asks of a journal, and nothing of how it is kept. */

export interface JournalWrite {
  readonly key: string
  /** As the codec made it; undefined when the key was removed. */
  readonly payload: Uint8Array | undefined
}

export interface JournalEntry extends JournalWrite {
  /** Larger than that of every write acknowledged before this one began, across restarts and processes. A safe integer above 0. */
  readonly sequence: number
}

/** What its origin never took, although it took others meanwhile. */
export interface SetAside extends JournalEntry {
  /** Of the last try. */
  readonly error: string
  readonly tries: number
  /** Milliseconds since 1970. */
  readonly atMs: number
}

/** Pending is what was appended and neither settled nor set aside; of several writes of a key, the one with the largest sequence. */
export interface Journal {
  /** Ready, with everything pending that was acknowledged before. */
  open(): Promise<void>
  /**
   * Called by one at a time, each key once. Resolves when the writes survive the death of the process, and of the machine as far as the
   * store's own promise goes.
   * @throws Fault `FAULT_WRITE_BACK_FULL`, retryable, when as much is pending as may be; anything else says that what became of the writes is unknown
   */
  append(writes: readonly JournalWrite[]): Promise<readonly number[]>
  pending(key: string): Promise<JournalEntry | undefined>
  pendingCount(): Promise<number>
  /** Of what is pending, the longest waiting first, at most so many, without these keys. */
  oldest(limit: number, except: readonly string[]): Promise<readonly JournalEntry[]>
  /** The origin has them: they and what was written to their keys before are over. */
  settle(entries: readonly JournalEntry[]): Promise<void>
  /** No longer pending, and kept. @returns false when as many are kept as may be, and then it stays pending */
  setAside(entry: JournalEntry, error: string, tries: number): Promise<boolean>
  /** Oldest first. */
  listSetAside(): Promise<readonly SetAside[]>
  forgetSetAside(sequence: number): Promise<void>
  /** Asked before each batch: whether this process, and no other, may flush. */
  lead(): Promise<boolean>
  /** Lets another process lead. What is pending stays. */
  close(): Promise<void>
}

/** What sessions of the database stood in while they were looked at: who waited for whose lock, and who held a transaction open without using it. */
export interface PgSessions {
  /** How many times the server was looked at; all counts below are of these looks. */
  readonly looks: number
  /** Sessions found at work, summed over all looks. */
  readonly active: number
  /** Of those, sessions that waited for a lock of another transaction. */
  readonly waitingForLocks: number
  /** Connections of clients, evenly spaced over the window; at most 60. */
  readonly connections: readonly number[]
  /** Heaviest first. */
  readonly blocked: readonly PgBlocking[]
  /** Longest first. */
  readonly idleTransactions: readonly PgIdleTransaction[]
  /** Within the window, as the server counts them; absent where it could not be read. */
  readonly deadlocks?: number
}

/** One statement behind one other: of a queue the head is named, not the neighbour. */
export interface PgBlocking {
  readonly waiting: PgSessionStatement
  /** The last statement of the transaction that holds the lock; the one that took it may be an earlier one. */
  readonly blocker: PgSessionStatement
  /** The blocker was doing nothing in most of the looks: its client had the next word. */
  readonly blockerIdle: boolean
  /** `transactionid` and `tuple` are rows, `relation` is a table. */
  readonly lock: string
  /** Waits told apart. */
  readonly waits: number
  readonly longestMs: number
}

/** A transaction whose client let it lie between two statements. */
export interface PgIdleTransaction {
  readonly last: PgSessionStatement
  readonly sessions: number
  readonly longestIdleMs: number
}

export interface PgSessionStatement {
  /** Joins with `Statement.id`; absent where no application statement matched. */
  readonly statementId?: string
  readonly text: string
}

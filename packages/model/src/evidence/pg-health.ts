/** What only shows after months of running: how near a server is to its ends, and how its tables are looked after. */
/** What is in force for one table: its own storage parameters before the settings of the server. */
export interface PgAutovacuum {
  readonly enabled: boolean
  /** It starts above `vacuumThreshold + vacuumScaleFactor × rows` dead rows, and above the same of changed rows for statistics. */
  readonly vacuumThreshold: number
  readonly vacuumScaleFactor: number
  readonly analyzeThreshold: number
  readonly analyzeScaleFactor: number
}

export interface PgHealth {
  readonly uptimeMs: number
  /** Transactions since the oldest that is not frozen; near 2³¹ the server takes no more writes. */
  readonly transactionAge: number
  /** Those of which half or more is used. */
  readonly sequences: readonly PgSequence[]
  /** Within the measured window, as all below. */
  readonly temporaryFiles: number
  readonly temporaryBytes: number
  /** Waiting for blocks, of all connections together; absent without `track_io_timing`. */
  readonly blockReadMs?: number
}

export interface PgSequence {
  readonly schema: string
  readonly name: string
  /** Of what the sequence or its column can hold, whichever ends first; 0 to 1. */
  readonly usedFraction: number
  readonly table?: string
  readonly column?: string
  readonly columnType?: string
}

export interface PgRangeRead {
  readonly statementId: string
  readonly schema: string
  readonly table: string
  readonly column: string
  /** Rows of the table inside the widest range that was asked for, by the planner's statistics; 0 to 1. */
  readonly newerFraction: number
}

/** PostgreSQL as the server itself describes it: catalog, statistics, settings, activity, statements, plans. */
import type { PgAutovacuum, PgHealth, PgRangeRead } from './pg-health.ts'
import type { PgReplication } from './pg-replication.ts'
import type { PgSessions } from './pg-sessions.ts'

export interface PgEvidence {
  readonly schema: 'pg@1'
  readonly serverVersion: number
  readonly database: string
  readonly tables: readonly PgTable[]
  readonly indexes: readonly PgIndex[]
  readonly foreignKeys: readonly PgForeignKey[]
  /** How long the counters of scans and writes have been running. */
  readonly countersAgeMs?: number
  readonly settings: Readonly<Record<string, string>>
  readonly extensions: readonly string[]
  readonly activity: PgActivity
  /** Deltas over the measured window when pg_stat_statements is there, else empty with the reason in `unavailable`. */
  readonly statements: readonly PgStatement[]
  readonly plans: readonly PgPlan[]
  /** Answers to "plan this statement with that index". */
  readonly indexTrials: readonly IndexTrial[]
  /** What only shows after months of running; absent in runs of older versions. */
  readonly health?: PgHealth
  /** How far back reads go that ask for a range of time; absent in runs of older versions. */
  readonly rangeReads?: readonly PgRangeRead[]
  /** Absent in runs of older versions, and where it could not be read. */
  readonly replication?: PgReplication
  /** What could not be read and why, by name of the part. */
  readonly unavailable: Readonly<Record<string, string>>
}

export interface PgTable {
  readonly schema: string
  readonly name: string
  readonly rows: number
  readonly totalBytes: number
  readonly tableBytes: number
  /** Within the measured window; the server reports them with up to a second's delay. */
  readonly sequentialScans: number
  readonly indexScans: number
  /** Since the server's statistics were reset, like `updates` and `deletes`. */
  readonly inserts: number
  readonly updates: number
  readonly deletes: number
  readonly deadRows: number
  /** By hand or by autovacuum, whichever came last. */
  readonly lastAnalyze?: string
  readonly columns: readonly PgColumn[]
  /** Absent in runs of older versions, like everything below. */
  readonly kind?: 'table' | 'partitioned' | 'materialized-view'
  /** Of a partition: the table it belongs to. */
  readonly partitionOf?: string
  /** Dead rows when the window began. */
  readonly deadRowsBefore?: number
  readonly lastVacuum?: string
  /** Rows written since the planner last looked at the table. */
  readonly modifiedSinceAnalyze?: number
  readonly autovacuum?: PgAutovacuum
  /** Within the measured window, by whoever wrote. */
  readonly writes?: PgWrites
  /** Blocks of 8 kB within the measured window: found in the server's own memory, or asked from the system. */
  readonly heapBlocksHit?: number
  readonly heapBlocksRead?: number
  readonly indexBlocksHit?: number
  readonly indexBlocksRead?: number
}

export interface PgWrites {
  readonly inserts: number
  readonly updates: number
  /** Of the updates: those that needed no new index entry. */
  readonly heapOnlyUpdates: number
  readonly deletes: number
}

export interface PgColumn {
  readonly name: string
  readonly type: string
  readonly notNull: boolean
  /** pg_stats: negative = fraction of rows, as PostgreSQL writes it. */
  readonly distinct?: number
  readonly averageWidthBytes?: number
  readonly nullFraction?: number
  readonly correlation?: number
  /** Largest share held by one value. */
  readonly mostCommonFraction?: number
}

export interface PgIndex {
  readonly schema: string
  readonly table: string
  readonly name: string
  readonly columns: readonly string[]
  readonly unique: boolean
  readonly primary: boolean
  readonly valid: boolean
  readonly partial: boolean
  readonly method: string
  readonly definition: string
  readonly bytes: number
  /** Since the server's statistics were reset. */
  readonly scans: number
  /** A primary key, a unique or an exclusion constraint rests on it, or a foreign key points to its columns. */
  readonly constraint?: boolean
  /** Logical replication finds rows by it. */
  readonly replicaIdentity?: boolean
  /** Entries, as the planner counts them; absent before the first VACUUM or ANALYZE. */
  readonly entries?: number
  /** Somebody is building it at this moment. */
  readonly building?: boolean
}

export interface PgForeignKey {
  readonly name: string
  readonly schema: string
  readonly table: string
  readonly columns: readonly string[]
  readonly referencedTable: string
  readonly referencedColumns: readonly string[]
  readonly onDelete: 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default'
  /** Every row was checked, and new ones are; absent in runs of older versions, like `hidesParents`. */
  readonly validated?: boolean
  /** Row security may hide rows of the referenced table. */
  readonly hidesParents?: boolean
}

export interface PgActivity {
  readonly maxConnections: number
  /** Client backends at the sampled moments. */
  readonly connections: number
  readonly peakConnections: number
  readonly idleInTransaction: number
  /** New client backends during the window, when it could be counted. */
  readonly newConnections?: number
  readonly windowMs: number
  /** What they stood in, look by look. */
  readonly sessions?: PgSessions
  /** When it could not be reached, in order; absent where it always could. */
  readonly outages?: readonly PgOutage[]
}
/** The server cut its connection and refused a new one. */
export interface PgOutage {
  /** ISO 8601. */
  readonly startedAt: string
  /** Until it answered again, or until the window was read. */
  readonly durationMs: number
  /** It answered again. */
  readonly ended: boolean
}

export interface PgStatement {
  /** Joins with `Statement.id`; absent where no application statement matched. */
  readonly statementId?: string
  readonly text: string
  readonly calls: number
  readonly totalMs: number
  readonly meanMs: number
  readonly maxMs?: number
  readonly rows: number
  readonly blocksHit: number
  readonly blocksRead: number
  readonly temporaryBlocks: number
}

export interface PgPlan {
  readonly statementId: string
  readonly kind: 'generic' | 'parameters' | 'analyze'
  /** Which parameter set, for `parameters` and `analyze`. */
  readonly parameterSet?: number
  readonly totalCost: number
  readonly root: PlanNode
  /** To find this plan, once the server knew the tables: what a statement without a name costs every time. */
  readonly planningMs?: number
  readonly executionMs?: number
  /** Compiling expressions, part of `executionMs`; absent where nothing was compiled. */
  readonly jitMs?: number
}

/** The fields of EXPLAIN (FORMAT JSON) that are read, under their own names in camelCase. */
export interface PlanNode {
  readonly nodeType: string
  readonly relation?: string
  readonly alias?: string
  readonly index?: string
  readonly joinType?: string
  readonly startupCost: number
  readonly totalCost: number
  readonly planRows: number
  readonly planWidth: number
  readonly actualRows?: number
  readonly actualLoops?: number
  readonly actualTotalMs?: number
  readonly filter?: string
  readonly indexCondition?: string
  /** `Hash Cond` or `Merge Cond`: the equality a join rests on. */
  readonly joinCondition?: string
  /** What a join applies to each pair besides, or instead. */
  readonly joinFilter?: string
  readonly rowsRemovedByFilter?: number
  readonly sortKey?: readonly string[]
  readonly sortMethod?: string
  readonly hashBatches?: number
  /** What a sort or an aggregate put on disk. */
  readonly diskKb?: number
  readonly exactHeapBlocks?: number
  readonly rowsRemovedByJoinFilter?: number
  readonly lossyHeapBlocks?: number
  readonly sharedHitBlocks?: number
  readonly sharedReadBlocks?: number
  readonly children: readonly PlanNode[]
}

export interface IndexCandidate {
  readonly schema: string
  readonly table: string
  readonly columns: readonly IndexColumn[]
  readonly method: 'btree' | 'gin'
  /** Columns that are carried along, so that the table need not be visited. */
  readonly include?: readonly string[]
  /** SQL of the condition rows must meet to be in the index. */
  readonly where?: string
}
export interface IndexColumn {
  /** The column, or with `expression` the one inside of it. */
  readonly name: string
  /** SQL over the columns of the table: `lower(email)`. */
  readonly expression?: string
  /** `jsonb_path_ops`; a GIN index without one is of trigrams. The word `default` stands for the operator class of the type. */
  readonly operatorClass?: string
  readonly descending?: boolean
  /** Absent: as PostgreSQL has it, last when ascending and first when descending. */
  readonly nulls?: 'first' | 'last'
}

export interface IndexTrial {
  readonly candidate: IndexCandidate
  /** How it was planned; `suspected` at most when only generic plans without the index existed. */
  readonly by: 'hypopg' | 'scratch-copy'
  readonly indexBytes?: number
  readonly buildMs?: number
  readonly results: readonly IndexTrialResult[]
  /** Built at the same time, because one branch of an OR is served by each. */
  readonly together?: readonly IndexCandidate[]
  /** With all that were chosen built: what each plan costs, and would cost without this one. */
  readonly amongChosen?: readonly IndexMargin[]
}
export interface IndexMargin {
  readonly statementId: string
  readonly parameterSet?: number
  readonly costWith: number
  readonly costWithout: number
}
export interface IndexTrialResult {
  readonly statementId: string
  readonly parameterSet?: number
  readonly costBefore: number
  readonly costAfter: number
  readonly usesCandidate: boolean
  /** Measured on the scratch copy, where it could be executed (read-only statements). */
  readonly medianMsBefore?: number
  readonly medianMsAfter?: number
  readonly planBefore?: PlanNode
  readonly planAfter?: PlanNode
}

/** Statements as the application issued them: text, shape from PostgreSQL's own parser, and use per route and call site. */
import type { RouteName, Site } from '../place.ts'

export interface StatementsEvidence {
  readonly schema: 'statements@1'
  readonly statements: readonly Statement[]
  readonly uses: readonly StatementUse[]
  /** Distinct texts beyond the bound: literals inside SQL, itself worth knowing. */
  readonly overflowed: number
  /** In which order keys were asked for, of statements that read; absent in runs of older versions and without the probe. */
  readonly reads?: readonly StatementReads[]
}

/** Every read of some of a statement's keys. */
export interface StatementReads extends KeyReads {
  readonly statementId: string
}

/** Which keys were asked for and when, of a sample of the keys. */
export interface KeyReads {
  /** Of all keys, the part that is sampled, above 0 to 1: a cache of N entries holds N times this of the sampled ones. */
  readonly keyFraction: number
  /** Equal numbers are equal keys; the keys themselves cannot be read from them. */
  readonly keys: readonly number[]
  /** When each was read, epoch milliseconds, rising within one process. */
  readonly atMs: readonly number[]
}

export interface Statement {
  /** Hash of the normalised text; joins with spans and with `pg.statements`. */
  readonly id: string
  /** Literals replaced by `$n`, IN-lists collapsed, whitespace single. */
  readonly text: string
  /** One real text, lab only. */
  readonly rawText?: string
  /** Absent when the parser refused the text. */
  readonly shape?: StatementShape
  /** Read from the raw text where there is one: what an index on expressions or on a part of a table could serve. */
  readonly access?: StatementAccess
  /** A few real parameter sets, lab only. */
  readonly parameters: readonly ParameterSample[]
  /** Who issues it, when the call stack shows a known ORM or query builder: `sequelize`, `typeorm`, … */
  readonly issuedBy?: string
  /** The driver sent it under a name, so that the server prepares it once for each connection; absent where nobody could tell. */
  readonly named?: boolean
  /** Different sets of values that stood in its texts as literals; absent without any. Counted up to 1,000. */
  readonly literalSets?: number
  /** Literals that were equal to a value of the request's own URL. */
  readonly requestLiterals?: readonly RequestLiteral[]
  /** Refused because a prepared statement of its name was there already, or was not (SQLSTATE 42P05 and 26000). */
  readonly nameErrors?: number
}

export interface RequestLiteral {
  /** Name of the query parameter, or empty for a segment of the path. Never its value. */
  readonly parameter: string
  /** Different texts in which it stood. */
  readonly texts: number
  /** Between quotes: not a bare number. */
  readonly quoted: boolean
}

export interface ParameterSample {
  readonly values: readonly (string | number | boolean | null)[]
  readonly kept: 'slowest' | 'newest' | 'random'
  readonly durationMs: number
  readonly rows?: number
}

export interface StatementShape {
  readonly operation: 'select' | 'insert' | 'update' | 'delete' | 'begin' | 'commit' | 'rollback' | 'set' | 'other'
  /** Schema-qualified only where the text is. */
  readonly tables: readonly string[]
  readonly selectsStar: boolean
  readonly targetColumns: readonly string[]
  readonly hasWhere: boolean
  readonly hasLimit: boolean
  readonly hasOffset: boolean
  /** Which `$n` (from 1) is the LIMIT or OFFSET, when it is a parameter. */
  readonly limitParameter?: number
  readonly offsetParameter?: number
  readonly limitValue?: number
  readonly offsetValue?: number
  /** `SELECT count(*) …` without GROUP BY. */
  readonly isCount: boolean
  readonly hasAggregate: boolean
  readonly groupBy: boolean
  /** Single-row INSERT … VALUES (one tuple). */
  readonly singleRowInsert: boolean
  /** Conditions per table: what an index could serve. */
  readonly conditions: readonly Condition[]
  readonly orderBy: readonly OrderColumn[]
  readonly locks: boolean
}

export interface Condition {
  /** Table name as in `tables`; aliases resolved. */
  readonly table: string
  readonly column: string
  readonly operator: 'equal' | 'in' | 'range' | 'like' | 'join' | 'null' | 'other'
  /** For `join`: the other side. */
  readonly otherTable?: string
  readonly otherColumn?: string
}

/** How a statement finds its rows, with the constants of its text: what `StatementShape` tells of columns, told of expressions. */
export interface StatementAccess {
  /** Joined by AND, of all query levels. */
  readonly terms: readonly AccessTerm[]
  /** Of the outermost level; empty when one of its keys is no expression of one table. */
  readonly order: readonly AccessOrder[]
  /** Columns that are read, by table; absent where a star or a subquery hides them. */
  readonly reads?: readonly AccessColumn[]
  /** Inner joins to a table of which nothing but the join condition is read; absent where that cannot be told for sure. */
  readonly unreadJoins?: readonly AccessJoin[]
}

/** One table joined by equal columns of one other table. */
export interface AccessJoin {
  /** Table name as in `StatementShape.tables`. */
  readonly table: string
  /** Its name within the statement. */
  readonly alias: string
  readonly on: readonly {
    readonly column: string
    readonly otherTable: string
    readonly otherColumn: string
  }[]
}

export interface AccessColumn {
  readonly table: string
  readonly column: string
}

export interface AccessTerm {
  /** Table name as in `StatementShape.tables`. */
  readonly table: string
  readonly column: string
  /** SQL of what is compared, when it is more than the column: `lower(email)`. */
  readonly expression?: string
  readonly operator:
    | 'equal'
    | 'in'
    | 'range'
    | 'like'
    | 'ilike'
    | 'contains'
    | 'has-key'
    | 'overlaps'
    | 'matches'
    | 'null'
    | 'not-null'
    | 'flag'
    | 'other'
  /** The whole term as SQL over this table alone, when it holds constants and no parameter. */
  readonly predicate?: string
  /** Which `$n` of the normalised text stand for the constants of `expression`, and for those of `predicate`. */
  readonly expressionParameters: readonly number[]
  readonly predicateParameters: readonly number[]
  /** Terms with the same number are joined by OR. */
  readonly alternative?: number
}

export interface AccessOrder {
  readonly table: string
  readonly column: string
  readonly expression?: string
  readonly descending: boolean
  readonly nulls?: 'first' | 'last'
}

export interface OrderColumn {
  readonly table: string
  readonly column: string
  readonly descending: boolean
}

/** One statement from one call site on one route. */
export interface StatementUse {
  readonly route: RouteName
  readonly statementId: string
  readonly site?: Site
  readonly calls: number
  /** Requests of the route in which it ran at least once. */
  readonly requests: number
  readonly totalMs: number
  readonly maxMs: number
  readonly rows: number
  readonly poolWaitMs: number
  readonly maxRepeatsInRequest: number
  /** Requests with at least one repeat of the same text with the same parameters. */
  readonly requestsWithDuplicates: number
  /** Calls beyond the first with the same parameters in the same request. */
  readonly duplicateCalls: number
  readonly errors: number
  /** Of those: given up by the server because of others at the same time (SQLSTATE 40001 and 40P01). */
  readonly conflicts?: number
}

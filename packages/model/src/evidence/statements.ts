/** Statements as the application issued them: text, shape from PostgreSQL's own parser, and use per route and call site. */
import type { RouteName, Site } from '../place.ts'

export interface StatementsEvidence {
  readonly schema: 'statements@1'
  readonly statements: readonly Statement[]
  readonly uses: readonly StatementUse[]
  /** Distinct texts beyond the bound: literals inside SQL, itself worth knowing. */
  readonly overflowed: number
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

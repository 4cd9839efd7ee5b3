/** What every part of the data layer asks of a connection or a pool: one method, that of node-postgres. */
import type { QueryResult, QueryResultRow } from 'pg'
import type { Ctx } from '../context.ts'

export interface Statement {
  readonly text: string
  readonly values?: readonly unknown[]
  /** A name prepares the statement on its connection and reuses the plan. */
  readonly name?: string
  /** Rows as arrays instead of objects. */
  readonly rowMode?: 'array'
}

/** A pool, a client, a replica set, a shard: whatever runs a statement. `ctx` cancels the statement on the server where the implementation can. */
export interface Queryable {
  query<Row extends QueryResultRow = QueryResultRow>(
    statement: string | Statement,
    values?: readonly unknown[],
    ctx?: Ctx,
  ): Promise<QueryResult<Row>>
}

/** A statement that can be given up: unsent it is never sent, sent it is cancelled on the server. */
import pg from 'pg'

export type QueryDone = (error: Error | null | undefined, result?: pg.QueryResult) => void

export class GuardedQuery extends pg.Query {
  /** What the server is doing now, or did. */
  isSent = false
  isAbandoned = false
  declare submit: (connection: pg.Connection) => Error | null

  static {
    const submit = Reflect.get(pg.Query.prototype, 'submit') as (
      this: pg.Query,
      connection: pg.Connection,
    ) => Error | null
    // A method of the prototype, which the types call a property.
    GuardedQuery.prototype.submit = function (this: GuardedQuery, connection) {
      if (this.isAbandoned) return new Error('given up before it was sent')
      this.isSent = true
      return submit.call(this, connection)
    }
  }
}

/** A query whose rows come in batches, each when it is asked for: the server holds the rest in a portal. */
import pg from 'pg'
import type { Statement } from '../queryable.ts'

/** Of node-postgres beyond its types. */
interface PortalConnection {
  execute(config: { portal: string; rows: number }): void
  close(config: { type: 'P'; name: string }): void
  flush(): void
  sync(): void
}

interface Described {
  readonly fields: readonly { readonly name: string }[]
}

interface DriverQuery {
  handleRowDescription(described: Described): void
  handleError(error: Error, connection: PortalConnection): void
}

const driverQuery = pg.Query.prototype as unknown as DriverQuery

export interface PortalEvents<Row> {
  /** Before the first row, also when none follows; not for a statement that answers no rows at all. */
  described(columns: readonly string[]): void
  row(row: Row): void
  /** The batch is whole, and there may be more. */
  suspended(): void
  ended(): void
  failed(error: Error): void
}

export class Portal<Row> extends pg.Query {
  readonly #batchRows: number
  readonly #events: PortalEvents<Row>
  #connection: PortalConnection | undefined

  constructor({ text, values = [], rowMode }: Statement, batchRows: number, events: PortalEvents<Row>) {
    // `rows` makes node-postgres execute the portal for so many rows; it is not in its types.
    super({ text, values: [...values], rows: batchRows, ...(rowMode ? { rowMode } : {}) } as pg.QueryConfig)
    this.#batchRows = batchRows
    this.#events = events
    // Who listens to rows keeps them: the driver then collects none.
    this.on('row', row => events.row(row as Row))
    this.on('end', () => events.ended())
    this.on('error', error => events.failed(error))
  }

  handleRowDescription(described: Described): void {
    driverQuery.handleRowDescription.call(this, described)
    this.#events.described(described.fields.map(({ name }) => name))
  }

  /** Called by node-postgres, which would go on at once. */
  handlePortalSuspended(connection: PortalConnection): void {
    this.#connection = connection
    this.#events.suspended()
  }

  /** The server skips everything up to the next Sync after an error, and with `rows` the driver has sent none. */
  handleError(error: Error, connection: PortalConnection): void {
    connection.sync()
    driverQuery.handleError.call(this, error, connection)
  }

  /** After `suspended` only. */
  more(): void {
    this.#connection!.execute({ portal: '', rows: this.#batchRows })
    this.#connection!.flush()
  }

  /** After `suspended` only; `ended` follows. */
  close(): void {
    this.#connection!.close({ type: 'P', name: '' })
    this.#connection!.sync()
  }
}

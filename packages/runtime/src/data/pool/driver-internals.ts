/** What we know of node-postgres beyond its types, in one place: these fields have been there since version 8.11. */
import pg from 'pg'

export interface ConnectionInternals {
  /** Name → text of what this session has prepared. */
  readonly parsedStatements: Record<string, string>
  readonly submittedNamedStatements?: Record<string, string>
  connect(port: number, host: string): void
  requestSsl(): void
  cancel(processId: number, secretKey: number): void
  close(message: { readonly type: 'S'; readonly name: string }): void
}

export interface ClientInternals {
  readonly connection: pg.Connection & ConnectionInternals
  /** From the server, to be shown by who wants to cancel. Behind a pooler these are the pooler's. */
  readonly processID: number | null
  readonly secretKey: number | null
  /** False once the connection is lost. */
  readonly _queryable: boolean
  readonly _ending: boolean
  readonly _ended: boolean
  /** The server has answered everything that was sent. */
  readonly readyForQuery: boolean
}

const pulse = Reflect.get(pg.Client.prototype, '_pulseQueryQueue') as (this: pg.Client) => void

/** Sends the next statement that waits, if the server is ready for it. */
export function sendNext(client: pg.Client): void {
  pulse.call(client)
}

export function internals(client: pg.Client): ClientInternals {
  return client as unknown as ClientInternals
}

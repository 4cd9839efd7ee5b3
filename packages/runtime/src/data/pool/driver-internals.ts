/** What we know of node-postgres beyond its types, in one place: these fields have been there since version 8.11. */
import { Client } from 'pg'
import type { Connection } from 'pg'

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
  readonly connection: Connection & ConnectionInternals
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

/** Sends the next statement that waits, if the server is ready for it. */
export function sendNext(client: Client): void {
  const pulse = Reflect.get(Client.prototype, '_pulseQueryQueue') as (this: Client) => void
  pulse.call(client)
}

export function internals(client: Client): ClientInternals {
  return client as unknown as ClientInternals
}

/** What streams and COPY ask of a pool: a connection of their own for as long as they run. A `pg.Pool` is one. */
import type { Client, Submittable } from 'pg'
import { sendCancelRequest } from './pool/cancel-request.ts'

export interface LentClient {
  query(submittable: Submittable): unknown
  on(event: 'error', listener: () => void): unknown
  off(event: 'error', listener: () => void): unknown
  /** @param reason given when the connection must not be lent again */
  release(reason?: Error | boolean): void
}

export interface ClientSource {
  connect(): Promise<LentClient>
}

/** What of the code that is running now is called by somebody else. */
export type Callee = ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown)

/** The method of a pool that names leaks by the line which took the connection. */
export const lendingTo = Symbol('whetstone.lendingTo')

/** A connection is taken when its caller has long gone from the stack: a pool that wants to know who that was is told now. */
export function sourceFor(source: ClientSource, callee: Callee): ClientSource {
  const asked = source as ClientSource & { [lendingTo]?(callee: Callee): ClientSource }
  return asked[lendingTo]?.(callee) ?? source
}

export interface Borrowed {
  readonly client: LentClient
  /** @param isUnsound it must not be lent again */
  readonly giveBack: (isUnsound?: boolean) => void
}

/** A connection whose loss is told to what runs on it, and to nobody else: a pool of node-postgres would have it end the process. */
export async function borrow(source: ClientSource): Promise<Borrowed> {
  const client = await source.connect()
  client.on('error', nothing)
  return {
    client,
    giveBack(isUnsound = false) {
      // One that is closed may still say why.
      if (!isUnsound) client.off('error', nothing)
      client.release(isUnsound)
    },
  }
}

// A batch on its way is mostly over in less; what takes longer is a query still searching, and that is worth a connection.
const graceMs = 100
/** A server that has not ended a cancelled or closed statement by then is given up, and the connection with it. */
const patienceMs = 3_000

/**
 * Ends what the server is doing for `client`: given a moment it may end by itself, then it is cancelled, then the connection cut.
 * @param ended settles, never rejects, when the server is ready again
 * @param isAtRest it searches nothing and only has to say so, for which a cancel request would be of no use
 * @returns whether the connection may be lent again: a cancel request may arrive late and would end somebody else's query
 */
export async function endOnServer(client: LentClient, ended: Promise<void>, isAtRest = false): Promise<boolean> {
  if (await within(isAtRest ? patienceMs : graceMs, ended)) return true
  // A request that is lost, or a server that is, is dealt with by the next line.
  void sendCancelRequest(client as unknown as Client).catch(() => undefined)
  if (!(await within(patienceMs, ended))) (client as unknown as Client).connection.stream.destroy()
  return false
}

function within(limitMs: number, ended: Promise<void>): Promise<boolean> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve(false), limitMs)
    void ended.then(() => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}

/** True when no other statement can follow this error on its connection; a refusal of the server leaves the connection as good as it was. */
export function endsConnection(error: unknown): boolean {
  const { code, severity } = error as { readonly code?: unknown; readonly severity?: unknown }
  // SQLSTATE has five characters; what has another code, or none, happened to the connection and not to the statement.
  return typeof code !== 'string' || !/^[\dA-Z]{5}$/.test(code) || /^(?:08|57P)/.test(code) || severity === 'FATAL'
}

function nothing(): void {}

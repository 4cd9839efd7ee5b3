/** Asks the server to end what a session is running, as the protocol wants it: over a connection of its own, with the session's key. */
import pg from 'pg'
import { internals } from './driver-internals.ts'
import type { ConnectionInternals } from './driver-internals.ts'

/** A server that does not take the request in this time will not be asked twice. */
const requestTimeoutMs = 2_000

/** Resolves when the server has closed that connection, which it does after it has passed the request on; also when it could not be reached. */
export async function sendCancelRequest(client: pg.Client): Promise<void> {
  const { processID, secretKey } = internals(client)
  if (processID === null || secretKey === null) return
  const tls = client.ssl as pg.ClientConfig['ssl']
  const connection = new pg.Connection(tls === undefined ? {} : { ssl: tls }) as pg.Connection & ConnectionInternals
  await new Promise<void>(resolve => {
    const giveUp = setTimeout(() => connection.stream.destroy(), requestTimeoutMs)
    const cancel = (): void => connection.cancel(processID, secretKey)
    connection.once('connect', () => (tls ? connection.requestSsl() : cancel()))
    connection.once('sslconnect', cancel)
    connection.on('error', () => connection.stream.destroy())
    connection.once('end', () => {
      clearTimeout(giveUp)
      resolve()
    })
    connection.connect(client.port, client.host)
  })
}

/** One request and what became of it: answered in full, refused at the door, or cut off on the way. */
import http from 'node:http'
import type { PlannedRequest, RouteName } from '@whetstone/model'

export interface Asked {
  readonly route: RouteName
  /** When all of it was handed to the kernel; also when that never happens. */
  readonly sent: Promise<void>
  /** When it ended, in whatever way. */
  readonly done: Promise<void>
  /** The service has it: it is written on a connection that the service answered on before, and nothing ended it yet. */
  isUnderWay(): boolean
  isAnswered(): boolean
  isServerError(): boolean
  /** No connection came to be. */
  isRefused(): boolean
  giveUp(): void
}

/** @param agent whose connection is used again; without one the request has a connection of its own */
export function ask(
  baseUrl: string,
  request: PlannedRequest & { readonly route: RouteName },
  agent?: http.Agent,
): Asked {
  let isConnected = false
  let isWritten = false
  let ended: 'answered' | 'cut' | undefined
  let statusCode = 0
  const sending = http.request(baseUrl + request.path, {
    method: request.method,
    headers: agent ? request.headers : { ...request.headers, connection: 'close' },
    agent: agent ?? false,
  })
  const end = (how: 'answered' | 'cut') => void (ended ??= how)
  const done = new Promise<void>(resolve => {
    sending.once('close', () => {
      end('cut')
      resolve()
    })
  })
  const written = new Promise<void>(resolve => {
    sending.once('finish', () => {
      isWritten = true
      resolve()
    })
  })
  sending.once('socket', socket => {
    if (sending.reusedSocket) isConnected = true
    else socket.once('connect', () => void (isConnected = true))
  })
  sending.once('response', response => {
    statusCode = response.statusCode ?? 0
    response.once('end', () => end(response.complete ? 'answered' : 'cut'))
    response.once('error', () => end('cut'))
    response.resume()
  })
  sending.on('error', () => end('cut'))
  sending.end(request.body)
  return {
    route: request.route,
    sent: Promise.race([written, done]),
    done,
    isUnderWay: () => sending.reusedSocket && isWritten && ended === undefined,
    isAnswered: () => ended === 'answered',
    isServerError: () => statusCode >= 500,
    isRefused: () => !isConnected && ended !== undefined,
    giveUp: () => void sending.destroy(),
  }
}

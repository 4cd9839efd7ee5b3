/** Every HTTP request from its arrival to the last byte of its answer, for any framework: seen where Node hands it to the server. */
import * as http from 'node:http'
import * as https from 'node:https'
import type { AddressInfo } from 'node:net'
import { beginTrail, endTrail } from './await-trail.ts'
import { now, wallClock } from './clock.ts'
import { attachRequest, runInRequest } from './context.ts'
import { failed } from './guard.ts'
import { beginRequest, finishRequest, generation } from './ledger.ts'
import { level, OFF, SQL, TRACE, wake } from './level.ts'
import { callerPriority } from './caller-trace.ts'
import { send, ship } from './outbox.ts'
import { announceRoutes } from './frameworks/registered-routes.ts'
import { RequestRecord } from './request-record.ts'

export function hookServers(): void {
  hookEmit(http.Server.prototype)
  hookEmit(https.Server.prototype)
}

function hookEmit(prototype: http.Server): void {
  // Called on the server in whatever way the original would be.
  const original = prototype.emit as (this: unknown, event: string, ...args: unknown[]) => boolean
  prototype.emit = function emit(this: http.Server, event: string, ...args: unknown[]): boolean {
    if (event === 'request' && level > OFF) return emitRequest(this, original, args)
    if (event === 'listening') announce(this)
    return original.call(this, event, ...args)
  } as typeof prototype.emit
}

function announce(server: http.Server): void {
  try {
    wake()
    const address = server.address() as AddressInfo | string | null
    if (address !== null && typeof address === 'object')
      send({ kind: 'listening', port: address.port, address: address.address, atMs: wallClock() })
    announceRoutes()
    ship()
  } catch (error) {
    failed(error)
  }
}

function emitRequest(
  server: http.Server,
  original: (this: unknown, event: string, ...args: unknown[]) => boolean,
  args: unknown[],
): boolean {
  let record: RequestRecord | undefined
  try {
    record = begin(args[0] as http.IncomingMessage, args[1] as http.ServerResponse)
  } catch (error) {
    failed(error)
  }
  if (record === undefined || level < SQL) return original.call(server, 'request', ...args)
  if (level >= TRACE) beginTrail(record)
  return runInRequest(record, () => original.call(server, 'request', ...args))
}

function begin(request: http.IncomingMessage, response: http.ServerResponse): RequestRecord {
  const priority = (level >= TRACE ? callerPriority(request.rawHeaders) : undefined) ?? Math.random()
  const record = new RequestRecord(request.method ?? '', request.url ?? '', now(), generation, priority)
  attachRequest(request, record)
  beginRequest()
  const { socket } = request
  const bytesBefore = socket.bytesWritten
  response.once('close', () => {
    if (record.isFinished) return
    record.isFinished = true
    endTrail(record)
    try {
      // An answer that was cut off by the client has no status worth the name, but it is no error of the service either.
      const statusCode = response.headersSent ? response.statusCode : response.writableFinished ? 0 : 499
      finishRequest(record, now() - record.startedAt, statusCode, Math.max(0, socket.bytesWritten - bytesBefore))
    } catch (error) {
      failed(error)
    }
  })
  return record
}

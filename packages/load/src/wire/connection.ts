/** One keep-alive connection carrying one request at a time, reading into a buffer that all connections of the process share. */
import { connect } from 'node:net'
import type { NetConnectOpts, Socket } from 'node:net'
import type { LoadTarget } from '../plan.ts'
import { ResponseParser } from './parse.ts'
import { WireError } from './wire-error.ts'

/** Read callbacks are synchronous, so one buffer serves every socket; libuv itself offers 64 KiB. */
const READ_BUFFER = Buffer.allocUnsafe(65_536)

export interface ConnectionEvents {
  onConnect(connection: Connection): void
  /** The parser holds the complete answer. `leftover` is true when bytes followed that nobody asked for. */
  onAnswer(connection: Connection): void
  /** The connection is gone: refused, reset, closed by the server, or answering garbage. Called once, also when idle. */
  onGone(connection: Connection, error: WireError): void
}

export class Connection {
  readonly parser = new ResponseParser()
  connected = false
  /** A request was written and its answer is not complete. */
  busy = false
  gone = false
  /** Answers read so far; a failure on the first request is never blamed on an idle timeout. */
  answers = 0
  readonly #socket: Socket
  readonly #events: ConnectionEvents

  constructor(target: LoadTarget, events: ConnectionEvents) {
    this.#events = events
    const onread = { buffer: READ_BUFFER, callback: (count: number) => this.#read(count) }
    this.#socket = connect({ host: target.host, port: target.port, noDelay: true, onread } as NetConnectOpts)
    this.#socket.on('connect', () => {
      this.connected = true
      events.onConnect(this)
    })
    this.#socket.on('error', error => this.#fail(wireErrorOf(error, this.connected)))
    this.#socket.on('end', () => this.#ended())
    this.#socket.on('close', () => this.#ended())
  }

  /** Writes an encoded request. The connection must be connected and idle. */
  send(encoded: string, method: string): void {
    this.busy = true
    this.parser.reset(method)
    this.#socket.write(encoded, 'latin1')
  }

  /** Drops the connection without a further event. */
  destroy(): void {
    this.gone = true
    this.busy = false
    this.#socket.destroy()
  }

  #read(count: number): boolean {
    if (this.gone) return true
    if (!this.busy) {
      this.#fail(new WireError('parse-error', 'the server sent bytes nobody asked for'))
      return true
    }
    try {
      const stopped = this.parser.push(READ_BUFFER, 0, count)
      if (this.parser.complete) {
        // Bytes after the answer mean that the two sides disagree about framing; the next answer could be anybody's.
        if (stopped < count) this.parser.keepAlive = false
        this.#answered()
      }
    } catch (error) {
      this.#fail(error instanceof WireError ? error : new WireError('parse-error', String(error)))
    }
    return true
  }

  #ended(): void {
    if (this.gone) return
    if (!this.busy) return this.#fail(new WireError('closed-early', 'the server closed an idle connection'))
    try {
      this.parser.end()
    } catch (error) {
      return this.#fail(error as WireError)
    }
    this.#answered()
  }

  #answered(): void {
    this.busy = false
    this.answers++
    this.#events.onAnswer(this)
  }

  #fail(error: WireError): void {
    if (this.gone) return
    this.destroy()
    this.#events.onGone(this, error)
  }
}

function wireErrorOf(error: NodeJS.ErrnoException, connected: boolean): WireError {
  const options = { cause: error }
  if (connected) return new WireError('reset', `connection lost: ${error.message}`, options)
  const refused = error.code === 'ECONNREFUSED' || error.code === 'ENOENT'
  return new WireError(refused ? 'connect-refused' : 'connect-failed', `cannot connect: ${error.message}`, options)
}

/** One connection carrying one request at a time, reading into a buffer that all connections of the process share. */
import type { Socket } from 'node:net'
import type { LoadTarget } from '../plan.ts'
import { dial, isEncrypted, readyEvent } from './dial.ts'
import { ResponseParser } from './parse.ts'
import { socketErrorOf } from './socket-error.ts'
import type { Exchange } from './transport.ts'
import { WireError } from './wire-error.ts'

/** Read callbacks are synchronous, so one buffer serves every socket; libuv itself offers 64 KiB. */
const READ_BUFFER = Buffer.allocUnsafe(65_536)

export interface ConnectionEvents<E extends Exchange> {
  onConnect(connection: Connection<E>): void
  /** The parser holds the complete answer to `connection.exchange`; `nowMs` is when its last bytes were read. */
  onAnswer(connection: Connection<E>, nowMs: number): void
  /** The connection is gone: refused, reset, closed by the server, or answering garbage. Called once, also when idle. */
  onGone(connection: Connection<E>, error: WireError): void
  readonly now: () => number
}

export class Connection<E extends Exchange> {
  readonly parser = new ResponseParser()
  readonly openedMs: number
  connected = false
  /** A request was written and its answer is not complete. */
  exchange: E | undefined = undefined
  gone = false
  /** Answers read so far; a failure on the first request is never blamed on an idle timeout. */
  answers = 0
  readonly #target: LoadTarget
  readonly #socket: Socket
  readonly #events: ConnectionEvents<E>

  constructor(target: LoadTarget, events: ConnectionEvents<E>) {
    this.#target = target
    this.#events = events
    this.openedMs = events.now()
    const onread = { buffer: READ_BUFFER, callback: (count: number) => this.#read(count) }
    this.#socket = dial(target, onread)
    this.#socket.once(readyEvent(target), () => {
      this.connected = true
      events.onConnect(this)
    })
    this.#socket.on('error', error =>
      this.#fail(socketErrorOf(error, { ready: this.connected, encrypted: isEncrypted(target) })),
    )
    // A handshake that is broken off ends before it fails, and only its error tells why.
    this.#socket.on('end', () => this.connected && this.#ended())
    this.#socket.on('close', () => this.#ended())
  }

  /** Writes an encoded request. The connection must be connected and idle. */
  send(exchange: E): void {
    this.exchange = exchange
    this.parser.reset(exchange.method, exchange.capture)
    this.#socket.write(exchange.encoded, 'latin1')
  }

  /** Drops the connection without a further event. */
  destroy(): void {
    this.gone = true
    this.exchange = undefined
    this.#socket.destroy()
  }

  #read(count: number): boolean {
    if (this.gone) return true
    if (this.exchange === undefined) {
      this.#fail(new WireError('parse-error', 'the server sent bytes nobody asked for'))
      return true
    }
    try {
      const stopped = this.parser.push(READ_BUFFER, 0, count)
      if (this.parser.complete) {
        // Bytes after the answer mean that the two sides disagree about framing; the next answer could be anybody's.
        if (stopped < count) this.parser.keepAlive = false
        this.answers++
        this.#events.onAnswer(this, this.#events.now())
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#fail(error)
    }
    return true
  }

  #ended(): void {
    if (this.gone) return
    if (this.exchange === undefined)
      return this.#fail(
        this.connected || !isEncrypted(this.#target)
          ? new WireError('closed-early', 'the server closed an idle connection')
          : new WireError('tls-failed', 'the server hung up on the handshake'),
      )
    try {
      this.parser.end()
    } catch (error) {
      return this.#fail(error as WireError)
    }
    this.answers++
    this.#events.onAnswer(this, this.#events.now())
  }

  #fail(error: WireError): void {
    if (this.gone) return
    // What was under way is still told by `exchange`: whoever listens takes it before the connection is dropped.
    this.gone = true
    this.#socket.destroy()
    this.#events.onGone(this, error)
  }
}

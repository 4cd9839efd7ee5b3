/** One HTTP/2 connection and the exchanges on its streams. */
import { connect } from 'node:http2'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { LoadTarget } from '../plan.ts'
import { dial, isEncrypted } from './dial.ts'
import { sessionErrorOf } from './http2-error.ts'
import type { Http2Request } from './http2-request.ts'
import { Http2Stream } from './http2-stream.ts'
import type { Exchange, WireAnswer } from './transport.ts'
import { WireError } from './wire-error.ts'

/** Bound on memory, where the peer sets none; servers allow 100 to 250 (RFC 9113, 6.5.2 advises at least 100). */
export const MAX_STREAMS = 1_000
/** With the protocol's 64 KiB a body waits a round trip for every 64 KiB, which no browser does. */
const STREAM_WINDOW_BYTES = 1024 * 1024
const SESSION_WINDOW_BYTES = 16 * 1024 * 1024
/** With Node's 10 a few large request bodies at once would get their streams refused by our own side. */
const SESSION_MEMORY_MEGABYTES = 1_000

/** Told of a connection that we close ourselves. */
const SPENT = new WireError('closed-early', 'the connection had carried what it may')

export interface Http2SessionEvents<E extends Exchange> {
  /** The connection stands and its server has said how many streams it takes. */
  onReady(session: Http2Session<E>): void
  onAnswer(exchange: E, answer: WireAnswer, nowMs: number): void
  /** `untouched`: the server certainly did no work for it. `idleRace`: the connection went before a byte came, as idle ones do. */
  onFailure(exchange: E, error: WireError, why: { readonly untouched: boolean; readonly idleRace: boolean }): void
  /** A stream ended, so there may be room for another. */
  onRoom(session: Http2Session<E>): void
  /** Called once, after its exchanges were reported. */
  onGone(session: Http2Session<E>, error: WireError): void
  readonly now: () => number
}

export class Http2Session<E extends Exchange> {
  readonly openedMs: number
  ready = false
  /** Streams opened so far. */
  used = 0
  answers = 0
  readonly #events: Http2SessionEvents<E>
  readonly #maxRequests: number
  readonly #session: ClientHttp2Session
  /** In the order they were sent. */
  readonly #streams = new Set<Http2Stream<E>>()
  #maxStreams = 0
  #retired = false
  #gone = false
  /** Streams above it were not worked on: what the server said when it began to leave. */
  #lastStreamId = Infinity
  #heardMs: number
  #error: Error | undefined

  constructor(target: LoadTarget, maxRequests: number, events: Http2SessionEvents<E>) {
    this.#events = events
    this.#maxRequests = maxRequests
    this.openedMs = this.#heardMs = events.now()
    const socket = dial(target)
    this.#session = connect(
      `${isEncrypted(target) ? 'https' : 'http'}://${target.host.includes(':') ? 'localhost' : target.host}`,
      {
        createConnection: () => socket,
        maxSessionMemory: SESSION_MEMORY_MEGABYTES,
        settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
      },
    )
    this.#session.once('connect', () => {
      // A server that does not know ALPN lets the handshake pass and then speaks HTTP/1.1.
      if (isEncrypted(target) && (socket as TLSSocket).alpnProtocol !== 'h2') {
        return this.end(new WireError('tls-failed', 'the server did not agree to HTTP/2'))
      }
      this.#session.setLocalWindowSize(SESSION_WINDOW_BYTES)
    })
    // Before it the number of streams is unknown, and a request above it would wait unsent inside Node.
    this.#session.on('remoteSettings', settings => {
      this.#maxStreams = Math.min(settings.maxConcurrentStreams ?? MAX_STREAMS, MAX_STREAMS)
      if (this.#gone) return
      if (this.ready) return events.onRoom(this)
      this.ready = true
      events.onReady(this)
    })
    this.#session.on('goaway', (_code, lastStreamId) => {
      this.#lastStreamId = lastStreamId
      this.#retired = true
    })
    this.#session.on('error', error => (this.#error ??= error))
    this.#session.on('close', () => this.end(sessionErrorOf(this.#error, this.ready, isEncrypted(target))))
  }

  /** How many more streams may be opened now. */
  get room(): number {
    if (!this.ready || this.#retired || this.#gone) return 0
    return Math.min(this.#maxStreams - this.#streams.size, this.#maxRequests - this.used)
  }

  /**
   * Sends it on a stream of its own; there must be room. Throws {@link WireError} `bad-request`, with nothing sent, for
   * headers that HTTP/2 cannot carry.
   */
  send(exchange: E, request: Http2Request): void {
    const opened = this.#open(request)
    exchange.sentMs = this.#events.now()
    const stream: Http2Stream<E> = new Http2Stream(opened, exchange, {
      onHeard: () => (this.#heardMs = this.#events.now()),
      onAnswer: (answered, answer) => {
        this.answers++
        this.#events.onAnswer(answered, answer, this.#heardMs)
      },
      onFailure: (failed, error) => this.#fail(stream, failed, error),
      onClose: () => this.#closed(stream),
    })
    if (request.body !== undefined) opened.end(request.body)
    this.used++
    this.#streams.add(stream)
  }

  /** Ends the streams sent before this instant. A connection silent for as long takes no new ones. */
  expire(sentBeforeMs: number): void {
    let left = this.#streams.size
    for (const stream of this.#streams) {
      if (stream.sentMs >= sentBeforeMs) break
      if (this.#heardMs < sentBeforeMs) this.#retired = true
      left--
      stream.expire()
    }
    // Nothing more will be heard of it, not even that its streams are closed.
    if (this.#retired && left === 0) this.end(SPENT)
  }

  /** Gives the connection up, with what is on it. */
  end(error: WireError): void {
    if (this.#gone) return
    this.#gone = true
    for (const stream of this.#streams) stream.fail(error)
    this.#destroyLater()
    this.#events.onGone(this, error)
  }

  /** Drops the connection without a further event. */
  destroy(): void {
    this.#gone = true
    for (const stream of this.#streams) stream.forget()
    this.#destroyLater()
  }

  /**
   * Reports run inside nghttp2's reading of a packet, and Node 20 corrupts its heap when the session is destroyed in there
   * (the test that closes in the middle of a report dies of it).
   */
  #destroyLater(): void {
    setImmediate(() => this.#session.destroy())
  }

  #open(request: Http2Request): ClientHttp2Stream {
    try {
      return this.#session.request(request.headers, { endStream: request.body === undefined })
    } catch (error) {
      throw new WireError('bad-request', `HTTP/2 cannot carry it: ${(error as Error).message}`, { cause: error })
    }
  }

  #fail(stream: Http2Stream<E>, exchange: E, error: WireError): void {
    const untouched = error.kind === 'stream-refused' || stream.id > this.#lastStreamId
    const idleRace =
      this.#gone && this.answers > 0 && stream.status === 0 && (error.kind === 'reset' || error.kind === 'closed-early')
    this.#events.onFailure(exchange, error, { untouched, idleRace })
  }

  #closed(stream: Http2Stream<E>): void {
    if (this.#gone) return
    // Node closes the streams of a lost connection first, with a code of its own; the cause comes with the session's end.
    if (this.#session.destroyed) return
    this.#streams.delete(stream)
    stream.fail()
    if (this.#gone) return
    const spent = this.#retired || this.used >= this.#maxRequests
    if (spent && this.#streams.size === 0) this.end(SPENT)
    else this.#events.onRoom(this)
  }
}

/** Hands requests to HTTP/2 connections: the first with a stream to spare, else a new one up to the bound, else first come first served. */
import { isEncrypted } from './dial.ts'
import { Http2Requests } from './http2-request.ts'
import { Http2Session } from './http2-session.ts'
import type { Http2SessionEvents } from './http2-session.ts'
import type { PoolOptions } from './pool.ts'
import { Queue } from './queue.ts'
import type { Exchange, Transport, TransportEvents } from './transport.ts'
import { WireError } from './wire-error.ts'

/** The repeat may meet another connection that is just being closed. */
const MAX_RETRIES = 2
/** Until a server has said how many streams it takes: the least that RFC 9113 (6.5.2) advises. */
const ASSUMED_STREAMS = 100

export class Http2Transport<E extends Exchange> implements Transport<E> {
  readonly #options: PoolOptions
  readonly #events: TransportEvents<E>
  readonly #requests: Http2Requests
  readonly #sessions = new Set<Http2Session<E>>()
  readonly #waiting = new Queue<E>()
  readonly #sessionEvents: Http2SessionEvents<E>
  /** Waiting requests that one new connection is expected to take. */
  readonly #share: number
  #connecting = 0
  #inFlight = 0

  constructor(options: PoolOptions, events: TransportEvents<E>) {
    this.#options = options
    this.#events = events
    this.#requests = new Http2Requests(isEncrypted(options.target) ? 'https' : 'http')
    this.#share = Math.min(ASSUMED_STREAMS, options.requestsPerConnection)
    this.#sessionEvents = {
      onReady: session => {
        this.#connecting--
        this.#fill(session)
        this.#openIfNeeded()
      },
      onAnswer: (exchange, answer, nowMs) => {
        this.#inFlight--
        events.onAnswer(exchange, answer, nowMs)
      },
      onFailure: (exchange, error, why) => this.#lose(exchange, error, why),
      onRoom: session => this.#fill(session),
      onGone: (session, error) => this.#gone(session, error),
      now: options.now,
    }
  }

  get inFlight(): number {
    return this.#inFlight
  }

  submit(exchange: E): void {
    if (this.#waiting.length === 0) {
      for (const session of this.#sessions) if (session.room > 0) return this.#send(session, exchange)
    }
    if (this.#waiting.length >= this.#options.maxWaiting) return this.#report(exchange, 'no-connection')
    this.#waiting.push(exchange)
    this.#openIfNeeded()
  }

  sweep(): void {
    const { now, timeoutMs } = this.#options
    const nowMs = now()
    for (const session of this.#sessions) {
      if (session.ready) session.expire(nowMs - timeoutMs)
      else if (nowMs - session.openedMs > timeoutMs)
        session.end(new WireError('connect-timeout', 'no connection in time'))
    }
    for (let first = this.#waiting.first; first !== undefined; first = this.#waiting.first) {
      if (nowMs - first.noticedMs <= timeoutMs) break
      this.#report(this.#waiting.take()!, 'no-connection')
    }
  }

  close(): void {
    for (const session of this.#sessions) session.destroy()
    this.#sessions.clear()
    this.#waiting.clear()
    this.#connecting = 0
    this.#inFlight = 0
  }

  #openIfNeeded(): void {
    const { target, maxConnections, requestsPerConnection } = this.#options
    while (this.#connecting * this.#share < this.#waiting.length && this.#sessions.size < maxConnections) {
      this.#connecting++
      this.#sessions.add(new Http2Session(target, requestsPerConnection, this.#sessionEvents))
    }
  }

  #fill(session: Http2Session<E>): void {
    while (this.#waiting.length > 0 && session.room > 0) this.#send(session, this.#waiting.take()!)
  }

  #send(session: Http2Session<E>, exchange: E): void {
    try {
      session.send(exchange, this.#requests.of(exchange.encoded))
      this.#inFlight++
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#report(exchange, error.kind)
    }
  }

  #lose(exchange: E, error: WireError, { untouched, idleRace }: { untouched: boolean; idleRace: boolean }): void {
    this.#inFlight--
    // What the server never worked on may be repeated whatever it is; what it may have worked on, only when that is harmless.
    const safe = exchange.method === 'GET' || exchange.method === 'HEAD'
    const repeatable = untouched || (idleRace && safe)
    if (!repeatable || exchange.retries >= MAX_RETRIES) return this.#report(exchange, error.kind)
    exchange.retries++
    exchange.sentMs = NaN
    this.#waiting.putBack(exchange)
    this.#openIfNeeded()
  }

  #gone(session: Http2Session<E>, error: WireError): void {
    if (!this.#sessions.delete(session)) return
    if (!session.ready) this.#connecting--
    // A connection that carried nothing uses up those who waited for it: a dead server ends the run's requests instead of looping.
    if (session.used === 0) {
      for (let left = this.#share; left > 0 && this.#waiting.length > 0; left--) {
        this.#report(this.#waiting.take()!, error.kind)
      }
    }
    for (const other of this.#sessions) this.#fill(other)
    this.#openIfNeeded()
  }

  #report(exchange: E, kind: WireError['kind'] | 'no-connection'): void {
    this.#events.onFailure(exchange, kind, this.#options.now())
  }
}

/** Hands requests to HTTP/1.1 connections: an idle one if there is one, else a new one up to the bound, else first come first served. */
import type { LoadTarget } from '../plan.ts'
import { Connection } from './connection.ts'
import { Queue } from './queue.ts'
import type { Exchange, Transport, TransportEvents } from './transport.ts'
import { WireError } from './wire-error.ts'

export interface PoolOptions {
  readonly target: LoadTarget
  readonly maxConnections: number
  /** A connection is closed after so many requests; Infinity keeps it. */
  readonly requestsPerConnection: number
  readonly timeoutMs: number
  /** Requests that may wait for a connection; more are failed at once, so that memory stays bounded. */
  readonly maxWaiting: number
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** The repeat may meet another connection that the server has just closed. */
const MAX_RETRIES = 2

export class Pool<E extends Exchange> implements Transport<E> {
  readonly #options: PoolOptions
  readonly #events: TransportEvents<E>
  readonly #connections = new Set<Connection<E>>()
  /** Last used first, so that surplus connections fall idle and the server may close them. */
  readonly #idle: Connection<E>[] = []
  readonly #waiting = new Queue<E>()
  /** To be sent again, and only over a new connection: another idle one may be closing just as well. */
  readonly #repeats = new Queue<E>()
  readonly #connectionEvents = {
    onConnect: (opened: Connection<E>) => {
      this.#connecting--
      const repeated = this.#repeats.take()
      if (repeated === undefined) this.#next(opened)
      else this.#send(opened, repeated)
    },
    onAnswer: (answered: Connection<E>, nowMs: number) => this.#answered(answered, nowMs),
    onGone: (lost: Connection<E>, error: WireError) => this.#lose(lost, error),
    now: () => this.#options.now(),
  }
  #connecting = 0
  #inFlight = 0

  constructor(options: PoolOptions, events: TransportEvents<E>) {
    this.#options = options
    this.#events = events
    this.#connectionEvents.now = options.now
  }

  get inFlight(): number {
    return this.#inFlight
  }

  submit(exchange: E): void {
    const idle = this.#idle.pop()
    if (idle !== undefined) return this.#send(idle, exchange)
    if (this.#waiting.length >= this.#options.maxWaiting) return this.#report(exchange, 'no-connection')
    this.#waiting.push(exchange)
    this.#openIfNeeded()
  }

  sweep(): void {
    const now = this.#options.now()
    for (const connection of this.#connections) {
      if (connection.exchange !== undefined) {
        if (now - connection.exchange.sentMs > this.#options.timeoutMs)
          this.#lose(connection, new WireError('timeout', 'no answer in time'))
      } else if (!connection.connected && now - connection.openedMs > this.#options.timeoutMs) {
        this.#lose(connection, new WireError('connect-timeout', 'no connection in time'))
      }
    }
    this.#giveUp(this.#repeats, now)
    this.#giveUp(this.#waiting, now)
  }

  close(): void {
    for (const connection of this.#connections) connection.destroy()
    this.#connections.clear()
    this.#idle.length = 0
    this.#waiting.clear()
    this.#repeats.clear()
    this.#connecting = 0
    this.#inFlight = 0
  }

  #giveUp(queue: Queue<E>, nowMs: number): void {
    for (let first = queue.first; first !== undefined; first = queue.first) {
      if (nowMs - first.noticedMs <= this.#options.timeoutMs) return
      this.#report(queue.take()!, 'no-connection')
    }
  }

  #openIfNeeded(): void {
    while (
      this.#connecting < this.#repeats.length + this.#waiting.length &&
      this.#connections.size < this.#options.maxConnections
    ) {
      this.#connecting++
      this.#connections.add(new Connection(this.#options.target, this.#connectionEvents))
    }
  }

  #send(connection: Connection<E>, exchange: E): void {
    this.#inFlight++
    exchange.sentMs = this.#options.now()
    connection.send(exchange)
  }

  #next(connection: Connection<E>): void {
    const exchange = this.#waiting.take()
    if (exchange === undefined) this.#idle.push(connection)
    else this.#send(connection, exchange)
  }

  #answered(connection: Connection<E>, nowMs: number): void {
    const exchange = connection.exchange!
    const { parser } = connection
    connection.exchange = undefined
    this.#inFlight--
    // What must go over a new connection may need the room of an old one.
    const isInTheWay = this.#repeats.length > this.#connecting
    const reusable = parser.keepAlive && connection.answers < this.#options.requestsPerConnection && !isInTheWay
    if (!reusable) {
      connection.destroy()
      this.#connections.delete(connection)
      this.#events.onAnswer(exchange, parser, nowMs)
      return this.#openIfNeeded()
    }
    // Idle before the report, so that an owner who asks again at once does so on this very connection; sending resets the
    // parser, so a request that waits must wait until the report was read.
    if (this.#waiting.length === 0) {
      this.#idle.push(connection)
      this.#events.onAnswer(exchange, parser, nowMs)
      return
    }
    this.#events.onAnswer(exchange, parser, nowMs)
    // The report may have closed the pool.
    if (this.#connections.has(connection)) this.#next(connection)
  }

  #lose(connection: Connection<E>, error: WireError): void {
    if (!this.#connections.delete(connection)) return
    const idleAt = this.#idle.indexOf(connection)
    if (idleAt !== -1) this.#idle.splice(idleAt, 1)
    const { exchange, connected } = connection
    connection.destroy()
    if (!connected) {
      this.#connecting--
      // Each failed attempt uses up one waiting request: a dead server ends the run's requests instead of looping.
      const given = this.#repeats.take() ?? this.#waiting.take()
      if (given !== undefined) this.#report(given, error.kind)
    } else if (exchange !== undefined) {
      this.#inFlight--
      this.#loseExchange(connection, exchange, error)
    }
    this.#openIfNeeded()
  }

  #loseExchange(connection: Connection<E>, exchange: E, error: WireError): void {
    // A server may close an idle connection just as we write on it. That is no failure of the request (RFC 9112, 9.3.1),
    // and every client repeats a safe one; the time lost stays in its response time.
    const idleRace =
      connection.answers > 0 && !connection.parser.started && (error.kind === 'reset' || error.kind === 'closed-early')
    const safe = exchange.method === 'GET' || exchange.method === 'HEAD'
    if (!idleRace || !safe || exchange.retries >= MAX_RETRIES) return this.#report(exchange, error.kind)
    exchange.retries++
    exchange.sentMs = NaN
    this.#repeats.push(exchange)
  }

  #report(exchange: E, kind: WireError['kind'] | 'no-connection'): void {
    this.#events.onFailure(exchange, kind, this.#options.now())
  }
}

/** Hands requests to connections: an idle one if there is one, else a new one up to the bound, else first come first served. */
import type { LoadTarget } from '../plan.ts'
import { Connection } from './connection.ts'
import type { WireErrorKind } from './wire-error.ts'
import { WireError } from './wire-error.ts'

/** One request on its way; the pool fills in when it was sent. */
export interface Exchange {
  readonly encoded: string
  readonly method: string
  /** When it should have been sent. */
  readonly scheduledMs: number
  /** When the engine came round to it; what lies before is the generator's own delay. */
  readonly noticedMs: number
  /** When it was written; NaN while it was not. */
  sentMs: number
  retries: number
}

export interface PoolEvents<E extends Exchange> {
  onAnswer(exchange: E, answer: { readonly status: number; readonly bodyBytes: number }): void
  /** `exchange.sentMs` tells whether it had been sent. */
  onFailure(exchange: E, kind: WireErrorKind | 'no-connection'): void
}

export interface PoolOptions {
  readonly target: LoadTarget
  readonly maxConnections: number
  readonly timeoutMs: number
  /** Requests that may wait for a connection; more are failed at once, so that memory stays bounded. */
  readonly maxWaiting: number
  readonly now: () => number
}

/** The repeat may meet another connection that the server has just closed. */
const MAX_RETRIES = 2

export class Pool<E extends Exchange> {
  readonly #options: PoolOptions
  readonly #events: PoolEvents<E>
  readonly #connections = new Map<Connection, { exchange: E | undefined; readonly openedMs: number }>()
  /** Last used first, so that surplus connections fall idle and the server may close them. */
  readonly #idle: Connection[] = []
  #waiting: E[] = []
  /** Waiting requests before this index are taken; shifting an array of thousands on each take would be quadratic. */
  #head = 0
  #connecting = 0
  #inFlight = 0

  constructor(options: PoolOptions, events: PoolEvents<E>) {
    this.#options = options
    this.#events = events
  }

  /** Requests given in and not yet reported. */
  get pending(): number {
    return this.#inFlight + this.#waitingCount
  }

  get inFlight(): number {
    return this.#inFlight
  }

  submit(exchange: E): void {
    const idle = this.#idle.pop()
    if (idle !== undefined) return this.#send(idle, exchange)
    if (this.#waitingCount >= this.#options.maxWaiting) return this.#events.onFailure(exchange, 'no-connection')
    this.#waiting.push(exchange)
    this.#openIfNeeded()
  }

  /** Fails what has waited longer than the timeout. Called a few times per timeout instead of keeping a timer per request. */
  sweep(): void {
    const now = this.#options.now()
    for (const [connection, slot] of this.#connections) {
      if (slot.exchange !== undefined) {
        if (now - slot.exchange.sentMs > this.#options.timeoutMs)
          this.#lose(connection, new WireError('timeout', 'no answer in time'))
      } else if (!connection.connected && now - slot.openedMs > this.#options.timeoutMs) {
        this.#lose(connection, new WireError('connect-failed', 'no connection in time'))
      }
    }
    while (this.#waitingCount > 0 && now - this.#waiting[this.#head]!.noticedMs > this.#options.timeoutMs) {
      this.#events.onFailure(this.#take()!, 'no-connection')
    }
  }

  /** Drops every connection; what was pending is not reported any more. */
  close(): void {
    for (const connection of this.#connections.keys()) connection.destroy()
    this.#connections.clear()
    this.#idle.length = 0
    this.#waiting = []
    this.#head = 0
    this.#connecting = 0
    this.#inFlight = 0
  }

  get #waitingCount(): number {
    return this.#waiting.length - this.#head
  }

  #take(): E | undefined {
    if (this.#waitingCount === 0) return undefined
    const exchange = this.#waiting[this.#head++]
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    return exchange
  }

  #openIfNeeded(): void {
    while (this.#connecting < this.#waitingCount && this.#connections.size < this.#options.maxConnections) this.#open()
  }

  #open(): void {
    this.#connecting++
    const connection = new Connection(this.#options.target, {
      onConnect: opened => {
        this.#connecting--
        this.#next(opened)
      },
      onAnswer: answered => this.#answered(answered),
      onGone: (lost, error) => this.#lose(lost, error),
    })
    this.#connections.set(connection, { exchange: undefined, openedMs: this.#options.now() })
  }

  #send(connection: Connection, exchange: E): void {
    this.#connections.get(connection)!.exchange = exchange
    this.#inFlight++
    exchange.sentMs = this.#options.now()
    connection.send(exchange.encoded, exchange.method)
  }

  #next(connection: Connection): void {
    const exchange = this.#take()
    if (exchange === undefined) this.#idle.push(connection)
    else this.#send(connection, exchange)
  }

  #answered(connection: Connection): void {
    const slot = this.#connections.get(connection)!
    const exchange = slot.exchange!
    const { status, bodyBytes, keepAlive } = connection.parser
    slot.exchange = undefined
    this.#inFlight--
    this.#events.onAnswer(exchange, { status, bodyBytes })
    // The report may have closed the pool.
    if (!this.#connections.has(connection)) return
    if (keepAlive) return this.#next(connection)
    connection.destroy()
    this.#connections.delete(connection)
    this.#openIfNeeded()
  }

  #lose(connection: Connection, error: WireError): void {
    const slot = this.#connections.get(connection)
    if (slot === undefined) return
    this.#connections.delete(connection)
    const idleAt = this.#idle.indexOf(connection)
    if (idleAt !== -1) this.#idle.splice(idleAt, 1)
    const wasConnecting = !connection.connected
    connection.destroy()
    if (wasConnecting) {
      this.#connecting--
      // Each failed attempt uses up one waiting request: a dead server ends the run's requests instead of looping.
      const given = this.#take()
      if (given !== undefined) this.#events.onFailure(given, error.kind)
    } else if (slot.exchange !== undefined) {
      this.#inFlight--
      this.#loseExchange(connection, slot.exchange, error)
    }
    this.#openIfNeeded()
  }

  #loseExchange(connection: Connection, exchange: E, error: WireError): void {
    // A server may close an idle connection just as we write on it. That is no failure of the request (RFC 9112, 9.3.1),
    // and every client repeats a safe one; the time lost stays in its response time.
    const idleRace =
      connection.answers > 0 && !connection.parser.started && (error.kind === 'reset' || error.kind === 'closed-early')
    const safe = exchange.method === 'GET' || exchange.method === 'HEAD'
    if (!idleRace || !safe || exchange.retries >= MAX_RETRIES) return this.#events.onFailure(exchange, error.kind)
    exchange.retries++
    exchange.sentMs = NaN
    if (this.#head > 0) this.#waiting[--this.#head] = exchange
    else this.#waiting.unshift(exchange)
  }
}

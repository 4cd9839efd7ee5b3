/** One user's conversation over a WebSocket: what is said when, what is waited for, and how long both take. */
import { WebSocket } from 'ws'
import type { RawData } from 'ws'
import type { LoadTarget } from '../plan.ts'
import type { Channel, ChannelEvents } from '../scenario/compiled.ts'
import { dial, isEncrypted, readyEvent } from './dial.ts'
import type { Expectation } from './expectation.ts'
import { Wait } from './expectation.ts'
import { authority, http1Target } from './http1-target.ts'
import { httpErrorKind } from './http-error.ts'

export interface WebSocketSettings {
  readonly target: LoadTarget
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly protocols?: readonly string[]
  /** Until the connection is open. */
  readonly connectTimeoutMs: number
}

export interface SocketMessage {
  /** Absent: nothing is said, only waited. */
  readonly data?: string | Buffer
  /**
   * `afterMs`: so long after the one before it was due, whether or not that was answered: a pace. `afterAnswerMs`: so long
   * after everything expected so far has come. The first counts from the opening. Default `{ afterAnswerMs: 0 }`.
   */
  readonly due?: { readonly afterMs: number } | { readonly afterAnswerMs: number }
  readonly expect?: Expectation
}

/** Of one message; a server that sends more at once is not a service but a download. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024
/** What may wait in this process for a server that has stopped reading. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024
/** Messages said in one turn of the loop: a script without waits may go on for ever. */
const MAX_BURST = 64
/** For the server's half of the closing handshake. */
const CLOSE_TIMEOUT_MS = 1_000
const CLOSED_WITHOUT_FRAME = 1006

/**
 * Says the messages in order, then closes. Samples: the opening with status 101, and every expectation that was met with
 * status 200, each from the instant it was due. Answers that come in another order are given to the first expectation they
 * meet; what meets none is ignored. Ends with `timeout` when a deadline passes, `http-<status>` when the upgrade is refused,
 * `close-<code>` when the server closes first, else with a kind of {@link WireErrorKind}.
 */
export function openWebSocket(
  settings: WebSocketSettings,
  messages: Iterable<SocketMessage>,
  events: ChannelEvents,
): Channel {
  return new Conversation(settings, messages[Symbol.iterator](), events)
}

class Conversation implements Channel {
  readonly #events: ChannelEvents
  readonly #messages: Iterator<SocketMessage>
  readonly #socket: WebSocket
  /** In the order they were sent. */
  #waits: Wait[] = []
  /** To be said once everything expected has come. */
  #held: SocketMessage | undefined
  #lastDueMs: number
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined
  #deadline: NodeJS.Timeout | undefined
  /** Messages said since the loop last turned. */
  #burst = 0
  #connected = false
  #opened = false
  #exhausted = false
  #ended = false
  /** Of the error that the close event will follow. */
  #errorKind: string | undefined

  constructor(settings: WebSocketSettings, messages: Iterator<SocketMessage>, events: ChannelEvents) {
    this.#events = events
    this.#messages = messages
    this.#lastDueMs = events.scheduledMs
    const target = http1Target(settings.target)
    const encrypted = isEncrypted(target)
    const sentMs = events.now()
    this.#socket = new WebSocket(
      `${encrypted ? 'wss' : 'ws'}://${authority(target)}${settings.path}`,
      [...(settings.protocols ?? [])],
      {
        headers: { ...settings.headers },
        perMessageDeflate: false,
        maxPayload: MAX_MESSAGE_BYTES,
        createConnection: () => {
          const socket = dial(target)
          socket.once(readyEvent(target), () => (this.#connected = true))
          // Once it is open, `ws` keeps to itself what its socket died of.
          socket.once(
            'error',
            error => (this.#errorKind ??= httpErrorKind(error, { ready: this.#connected, encrypted })),
          )
          return socket
        },
      },
    )
    this.#deadline = setTimeout(() => this.#end('connect-timeout'), settings.connectTimeoutMs)
    this.#socket.on('open', () => this.#open(events.scheduledMs, sentMs))
    this.#socket.on('message', (data: RawData) => this.#guard(() => this.#receive(data as Buffer)))
    this.#socket.on('unexpected-response', (request, response) => {
      this.#end(`http-${response.statusCode}`)
      request.destroy()
    })
    this.#socket.on('error', error => {
      this.#errorKind ??= httpErrorKind(error, { ready: this.#connected, encrypted })
      if (this.#socket.readyState !== WebSocket.OPEN) this.#end(this.#errorKind)
    })
    this.#socket.on('close', code => {
      this.#end(this.#errorKind ?? (code === CLOSED_WITHOUT_FRAME ? 'closed-early' : `close-${code}`))
    })
  }

  drain(): void {
    clearTimeout(this.#timer as NodeJS.Timeout)
    clearImmediate(this.#timer as NodeJS.Immediate)
    this.#held = undefined
    this.#exhausted = true
    if (this.#opened) this.#endIfDone()
  }

  close(errorKind?: string): void {
    this.#end(errorKind)
  }

  #open(scheduledMs: number, sentMs: number): void {
    clearTimeout(this.#deadline)
    this.#deadline = undefined
    this.#opened = true
    this.#events.sample(scheduledMs, sentMs, 101, 0)
    this.#lastDueMs = this.#events.now()
    this.#guard(() => this.#next())
  }

  #next(): void {
    if (this.#exhausted) return this.#endIfDone()
    const { value, done } = this.#messages.next() as IteratorResult<SocketMessage, undefined>
    if (done === true || value === undefined) {
      this.#exhausted = true
      return this.#endIfDone()
    }
    const { due = { afterAnswerMs: 0 } } = value
    if ('afterMs' in due) this.#at(this.#lastDueMs + due.afterMs, value)
    else if (this.#waits.length > 0) this.#held = value
    else this.#at(this.#events.now() + due.afterAnswerMs, value)
  }

  #at(dueMs: number, message: SocketMessage): void {
    const say = () => this.#guard(() => this.#say(message, dueMs))
    const later = () => {
      this.#burst = 0
      say()
    }
    const leftMs = dueMs - this.#events.now()
    if (leftMs > 0) this.#timer = setTimeout(later, leftMs)
    // At once where possible, for what the server says at the opening comes in this very turn.
    else if (this.#burst++ < MAX_BURST) say()
    else this.#timer = setImmediate(later)
  }

  #say({ data, expect }: SocketMessage, dueMs: number): void {
    if (this.#ended) return
    this.#lastDueMs = dueMs
    if (this.#socket.bufferedAmount > MAX_UNSENT_BYTES) return this.#end('timeout')
    const sentMs = this.#events.now()
    if (expect !== undefined) {
      // Timers of Node count whole milliseconds and may be a fraction early.
      this.#waits.push(new Wait(expect, Math.min(dueMs, sentMs), sentMs))
      this.#deadline ??= this.#nextDeadline()
    }
    if (data !== undefined) this.#socket.send(data)
    this.#next()
  }

  #receive(data: Buffer): void {
    if (this.#ended) return
    const text = data.toString('utf8')
    const at = this.#waits.findIndex(wait => wait.take(text, data.length))
    const wait = this.#waits[at]
    if (wait === undefined || !wait.met) return
    this.#waits.splice(at, 1)
    this.#events.sample(wait.scheduledMs, wait.sentMs, 200, wait.bytes)
    if (wait.expectation.check !== undefined) this.#events.check(wait.expectation.check, true)
    if (this.#waits.length > 0) return
    const held = this.#held
    if (held === undefined) return this.#endIfDone()
    this.#held = undefined
    const { due } = held
    this.#at(this.#events.now() + (due !== undefined && 'afterAnswerMs' in due ? due.afterAnswerMs : 0), held)
  }

  #nextDeadline(): NodeJS.Timeout | undefined {
    if (this.#waits.length === 0) return undefined
    const soonestMs = Math.min(...this.#waits.map(wait => wait.deadlineMs))
    return setTimeout(() => this.#checkDeadlines(), Math.max(1, Math.ceil(soonestMs - this.#events.now())))
  }

  #checkDeadlines(): void {
    const nowMs = this.#events.now()
    const missed = this.#waits.filter(wait => wait.deadlineMs <= nowMs)
    for (const { expectation } of missed)
      if (expectation.check !== undefined) this.#events.check(expectation.check, false)
    if (missed.length > 0) return this.#end('timeout')
    this.#deadline = this.#nextDeadline()
  }

  #endIfDone(): void {
    if (this.#exhausted && this.#waits.length === 0) this.#end()
  }

  #end(errorKind?: string): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#deadline)
    clearTimeout(this.#timer as NodeJS.Timeout)
    clearImmediate(this.#timer as NodeJS.Immediate)
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.close(1000)
      const dropping = setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS)
      this.#socket.once('close', () => clearTimeout(dropping))
    } else this.#socket.terminate()
    this.#events.end(errorKind)
  }

  /** The author's own code runs in the script and in its expectations. */
  #guard(work: () => void): void {
    try {
      work()
    } catch {
      this.#end('scenario')
    }
  }
}

/** One user listening to server-sent events: how long the first takes, and those after it. */
import { request } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { LoadTarget } from '../plan.ts'
import type { Channel, ChannelEvents } from '../scenario/compiled.ts'
import { dial, isEncrypted, readyEvent } from './dial.ts'
import { EventStreamReader } from './event-stream.ts'
import type { ServerSentEvent } from './event-stream.ts'
import type { Expectation } from './expectation.ts'
import { Wait } from './expectation.ts'
import { authority, http1Target } from './http1-target.ts'
import { httpErrorKind } from './http-error.ts'
import { WireError } from './wire-error.ts'

export interface EventStreamSettings {
  readonly target: LoadTarget
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface EventExpectation extends Expectation {
  /** Events of this name only; events without one are called `message`. Default any. */
  readonly event?: string
}

/**
 * Listens until each wait is over, in order, then hangs up; it never connects again by itself. The first wait is timed from
 * the instant the step was due, with its connection; each other from the end of the one before, so that waits for any event
 * are the gaps between events. Each that was met is a sample with the status of the stream. Events in between are ignored.
 * Ends with `timeout` when a deadline passes, `http-<status>` for an answer other than 200, `not-an-event-stream` for
 * another content type, `closed-early` when the server ends the stream, else with a kind of {@link WireErrorKind}.
 */
export function openEventStream(
  settings: EventStreamSettings,
  waits: Iterable<EventExpectation>,
  events: ChannelEvents,
): Channel {
  return new Listening(settings, waits[Symbol.iterator](), events)
}

class Listening implements Channel {
  readonly #events: ChannelEvents
  readonly #waits: Iterator<EventExpectation>
  readonly #request: ClientRequest
  readonly #reader = new EventStreamReader()
  #wait: Wait | undefined
  #deadline: NodeJS.Timeout | undefined
  #status = 0
  #connected = false
  #draining = false
  /** What the socket died of; the request only says that it is gone. */
  #lost: Error | undefined
  #ended = false

  constructor(settings: EventStreamSettings, waits: Iterator<EventExpectation>, events: ChannelEvents) {
    this.#events = events
    this.#waits = waits
    const target = http1Target(settings.target)
    const encrypted = isEncrypted(target)
    this.#request = request({
      createConnection: () => {
        const socket = dial(target)
        socket.once(readyEvent(target), () => (this.#connected = true))
        socket.once('error', error => (this.#lost = error))
        return socket
      },
      path: settings.path,
      headers: {
        host: authority(target),
        accept: 'text/event-stream',
        'cache-control': 'no-store',
        ...settings.headers,
      },
    })
    const failed = (error: Error) =>
      this.#end(httpErrorKind(this.#lost ?? error, { ready: this.#connected, encrypted }))
    this.#request.on('error', failed)
    this.#request.on('response', response => {
      response.on('error', failed)
      this.#listen(response)
    })
    this.#request.end()
    this.#guard(() => this.#next(events.scheduledMs, events.now()))
  }

  drain(): void {
    this.#draining = true
  }

  close(errorKind?: string): void {
    this.#end(errorKind)
  }

  #listen(response: IncomingMessage): void {
    this.#status = response.statusCode!
    if (this.#status !== 200) return this.#end(`http-${this.#status}`)
    if (!/^text\/event-stream\s*(;|$)/i.test(response.headers['content-type'] ?? ''))
      return this.#end('not-an-event-stream')
    response.on('data', (bytes: Buffer) =>
      this.#guard(() => {
        for (const event of this.#reader.push(bytes)) this.#receive(event)
      }),
    )
    response.on('end', () => this.#end('closed-early'))
  }

  #next(fromMs: number, sentMs: number): void {
    clearTimeout(this.#deadline)
    if (this.#draining) return this.#end()
    const { value, done } = this.#waits.next() as IteratorResult<EventExpectation, undefined>
    if (done === true || value === undefined) return this.#end()
    this.#wait = new Wait(value, fromMs, sentMs)
    this.#deadline = setTimeout(
      () => this.#miss(value),
      Math.max(1, Math.ceil(this.#wait.deadlineMs - this.#events.now())),
    )
  }

  #receive({ event, data }: ServerSentEvent): void {
    const wait = this.#wait
    if (this.#ended || wait === undefined) return
    const { event: wanted, check } = wait.expectation as EventExpectation
    if (wanted !== undefined && wanted !== event) return
    if (!wait.take(data, Buffer.byteLength(data)) || !wait.met) return
    this.#events.sample(wait.scheduledMs, wait.sentMs, this.#status, wait.bytes)
    if (check !== undefined) this.#events.check(check, true)
    const nowMs = this.#events.now()
    this.#next(nowMs, nowMs)
  }

  #miss({ check }: EventExpectation): void {
    if (check !== undefined) this.#events.check(check, false)
    this.#end(this.#connected ? 'timeout' : 'connect-timeout')
  }

  #end(errorKind?: string): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#deadline)
    this.#request.destroy()
    this.#events.end(errorKind)
  }

  /** The author's own code runs in the waits and their expectations. */
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#end(error instanceof WireError ? error.kind : 'scenario')
    }
  }
}

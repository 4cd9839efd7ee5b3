/** Reads a stream of server-sent events, in whatever pieces it comes (https://html.spec.whatwg.org/multipage/server-sent-events.html, 9.2.6). */
import { WireError } from './wire-error.ts'

export interface ServerSentEvent {
  /** `message` where the server gave no name. */
  readonly event: string
  /** Its data lines, joined by line feeds. */
  readonly data: string
  /** The last id the server gave, also with an earlier event. */
  readonly id: string
}

/** Characters of one event or one line; a server that sends more never comes to its end. */
export const MAX_EVENT_LENGTH = 1024 * 1024

const LF = 10
const CR = 13

export class EventStreamReader {
  /** What the server asked for in its last `retry` field; undefined when it did not. */
  retryMs: number | undefined
  readonly #decoder = new TextDecoder('utf-8')
  /** The beginning of a line whose end has not arrived. */
  #partial = ''
  /** The last piece ended in CR: an LF at the beginning of the next belongs to it. */
  #afterReturn = false
  #event = ''
  #data: string[] = []
  #id = ''
  #length = 0

  /** The events that these bytes complete. Throws {@link WireError} `parse-error` for an event above the bound. */
  push(bytes: Buffer): ServerSentEvent[] {
    const events: ServerSentEvent[] = []
    // Line ends are single bytes in UTF-8, so a character cut in two never hides one.
    const text = this.#decoder.decode(bytes, { stream: true })
    let from = 0
    if (this.#afterReturn && text !== '') {
      this.#afterReturn = false
      if (text.charCodeAt(0) === LF) from = 1
    }
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code !== LF && code !== CR) continue
      const line = this.#partial + text.slice(from, at)
      this.#partial = ''
      if (line === '') this.#dispatch(events)
      else this.#take(line)
      if (code === CR && at + 1 === text.length) this.#afterReturn = true
      else if (code === CR && text.charCodeAt(at + 1) === LF) at++
      from = at + 1
    }
    this.#partial += text.slice(from)
    if (this.#partial.length > MAX_EVENT_LENGTH) throw tooLong()
    return events
  }

  #take(line: string): void {
    const colon = line.indexOf(':')
    // A comment, which servers send to keep the connection alive.
    if (colon === 0) return
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1)
    if (name === 'data') {
      this.#length += value.length + 1
      if (this.#length > MAX_EVENT_LENGTH) throw tooLong()
      this.#data.push(value)
    } else if (name === 'event') this.#event = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value)
  }

  #dispatch(events: ServerSentEvent[]): void {
    if (this.#data.length > 0) {
      events.push({ event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id })
      this.#data = []
    }
    this.#event = ''
    this.#length = 0
  }
}

function tooLong(): WireError {
  return new WireError('parse-error', `an event of more than ${MAX_EVENT_LENGTH} characters`)
}

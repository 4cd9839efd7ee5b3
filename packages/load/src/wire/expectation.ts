/** What a conversation waits for: messages that say a thing, so many of them, in time. */

export interface Expectation {
  /** A part of the message, or a pattern found in it. */
  readonly text?: string | RegExp
  /** Of the message read as JSON; a message that is none does not meet it. */
  readonly json?: (value: unknown) => boolean
  /** So many messages that meet the above. Default 1. */
  readonly count?: number
  /** Counted from the instant the wait is timed from; when it passes, the conversation ends with `timeout`. */
  readonly deadlineMs: number
  /** The check to tell whether it was met, by index. */
  readonly check?: number
}

/** Whether one message is of the kind that is waited for. Passes on what the predicate throws. */
export function meets({ text, json }: Expectation, message: string): boolean {
  if (typeof text === 'string' && !message.includes(text)) return false
  // `search` begins at the start whatever flags the pattern has.
  if (text instanceof RegExp && message.search(text) === -1) return false
  if (json === undefined) return true
  let value: unknown
  try {
    value = JSON.parse(message)
  } catch {
    return false
  }
  return json(value)
}

/** One expectation under way. */
export class Wait {
  readonly expectation: Expectation
  readonly scheduledMs: number
  readonly sentMs: number
  /** Of the messages that met it. */
  bytes = 0
  #left: number

  constructor(expectation: Expectation, scheduledMs: number, sentMs: number) {
    this.expectation = expectation
    this.scheduledMs = scheduledMs
    this.sentMs = sentMs
    this.#left = expectation.count ?? 1
  }

  get deadlineMs(): number {
    return this.scheduledMs + this.expectation.deadlineMs
  }

  get met(): boolean {
    return this.#left <= 0
  }

  /** Returns whether it takes the message for itself. */
  take(message: string, bytes: number): boolean {
    if (this.met || !meets(this.expectation, message)) return false
    this.#left--
    this.bytes += bytes
    return true
  }
}

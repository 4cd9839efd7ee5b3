/** The words for conversations that stay open: what is said, what is waited for, and at which pace. */
import type { Condition } from '../check.ts'
import type { Think, ThinkTime, Value } from '../definition.ts'
import { checkKeys } from '../known-keys.ts'
import { thinkTime } from '../think-time.ts'
import type { Site } from '../site.ts'
import { siteOf } from '../site.ts'

export interface ChannelOptions {
  /** What samples are filed under. Default `WS` or `SSE` and the path with its names. */
  readonly name?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Values for `{names}` of this step and those after it. */
  readonly with?: Readonly<Record<string, Value>>
  /** Open it without the token. */
  readonly auth?: false
}

export interface WebSocketOptions extends ChannelOptions {
  readonly protocols?: readonly string[]
  /** Until it is open. Default `10s`. */
  readonly connectTimeout?: string
  /** How often the conversation is held on one connection. Default 1. */
  readonly repeat?: number
}

export interface WebSocketStep {
  readonly kind: 'websocket'
  readonly path: string
  readonly options: WebSocketOptions
  readonly talk: readonly Talk[]
  readonly site: Site | undefined
}

export interface EventsStep {
  readonly kind: 'events'
  readonly path: string
  readonly options: ChannelOptions
  readonly talk: readonly Hear[]
  readonly site: Site | undefined
}

export type Talk = Say | Hear | Think | Pace

/** With `answer`, its round trip is a sample. */
export interface Say {
  readonly kind: 'say'
  /** A text, or a value to be sent as JSON; `{names}` in both. */
  readonly message: unknown
  readonly answer: Hear | undefined
  readonly site: Site | undefined
}

export interface Hear extends HearOptions {
  readonly kind: 'hear'
  readonly condition: Condition | undefined
}

export interface HearOptions {
  /** Of the check that counts whether it came. */
  readonly name?: string
  /** Default `10s`; when it passes, the conversation ends with the error `timeout`. */
  readonly within?: string
  /** So many messages that meet the condition. Default 1. */
  readonly count?: number
  /** Of server-sent events: only those of this name. */
  readonly event?: string
}

/** The next message is due so long after the one before it was due, whether or not that was answered. */
export interface Pace {
  readonly kind: 'pace'
  readonly time: ThinkTime
}

/**
 * Opens a WebSocket, holds the conversation and closes it. The opening is a sample, and so is everything heard, timed from
 * when it was due; a message waits for what was expected before it.
 */
export function websocket(path: string, talk: readonly Talk[]): WebSocketStep
export function websocket(path: string, options: WebSocketOptions, talk: readonly Talk[]): WebSocketStep
export function websocket(
  path: string,
  ...given: [readonly Talk[]] | [WebSocketOptions, readonly Talk[]]
): WebSocketStep {
  const [options, talk] = given.length === 1 ? [{}, given[0]] : given
  return { kind: 'websocket', path, options, talk, site: siteOf(websocket) }
}

/** Listens to server-sent events until all that is to be heard came, in order; default one event. Each is a sample. */
export function events(path: string): EventsStep
export function events(path: string, talk: readonly Hear[]): EventsStep
export function events(path: string, options: ChannelOptions, talk: readonly Hear[]): EventsStep
export function events(path: string, ...given: [] | [readonly Hear[]] | [ChannelOptions, readonly Hear[]]): EventsStep {
  const [options, talk] = given.length === 2 ? given : [{}, given[0] ?? [hear()]]
  return { kind: 'events', path, options, talk, site: siteOf(events) }
}

/** Sends a text, or any other value as JSON. `answer` is waited for before the next message. */
export function say(message: unknown, options: { readonly answer?: Hear | Condition } = {}): Say {
  const site = siteOf(say)
  checkKeys('say', options, { answer: true }, site)
  const { answer } = options
  const waited = answer === undefined || answer.kind === 'hear' ? answer : hear(answer)
  return { kind: 'say', message, answer: waited, site }
}

const HEAR_KEYS = { name: true, within: true, count: true, event: true } as const satisfies Record<
  keyof HearOptions,
  true
>

/** Waits for a message, or for one that meets the condition. */
export function hear(options?: HearOptions): Hear
export function hear(condition: Condition, options?: HearOptions): Hear
export function hear(first: Condition | HearOptions = {}, options: HearOptions = {}): Hear {
  const [condition, given] = 'kind' in first ? [first, options] : [undefined, first]
  checkKeys('hear', given, HEAR_KEYS, siteOf(hear))
  return { kind: 'hear', condition, ...given }
}

/** `500ms`, `200ms..1s` or `exponential('1s')`, like `think`; see {@link Pace}. */
export function pace(time: string | ThinkTime): Pace {
  return { kind: 'pace', time: thinkTime(time, siteOf(pace)) }
}

/** What the engine runs: a scenario after compilation. Nothing here is asynchronous but where a step says so. */
import type { RouteName } from '@whetstone/model'

export interface CompiledScenario {
  readonly name: string
  /** The address the file was written for; the plan decides where it is sent. */
  readonly target?: string
  /** What samples are filed under; steps name them by index. */
  readonly routes: readonly RouteName[]
  /** Checks by name and the route they belong to; steps name them by index. */
  readonly checks: readonly { readonly name: string; readonly route: number }[]
  readonly flows: readonly CompiledFlow[]
  /** Once, before the first arrival of any worker; what it returns (JSON) is given to every user as `shared`. */
  readonly setup?: () => Promise<unknown>
  /** Once, after the last answer. */
  readonly teardown?: (shared: unknown) => Promise<void>
  /** Reads the feeders' files and asks databases, before the first arrival; called once in each worker. */
  readonly prepare?: (shared: unknown) => Promise<void>
  /** After `prepare`: a feeder that is used up once ends the schedule before arrival number `arrivals`, and says so. */
  readonly arrivalLimit?: () => ArrivalLimit | undefined
  /** What feeds the users, for people; `rows` is known after `prepare`. */
  readonly data?: () => readonly DataSummary[]
}

export interface DataSummary {
  readonly name: string
  /** A file, a query, a range. */
  readonly from: string
  readonly order: 'in-turn' | 'random' | 'once'
  readonly rows: number | undefined
}

export interface ArrivalLimit {
  readonly arrivals: number
  /** For the report: which data ran out. */
  readonly because: string
}

export interface CompiledFlow {
  readonly name: string
  readonly weight: number
  readonly steps: readonly CompiledStep[]
  /** Set when the flow is one request that needs no user: the engine then sends `fixed` bytes and makes nothing per request. */
  readonly stateless?: StatelessRequest
  /** A fresh user for global arrival number `arrival` (from 0, the same for any number of workers): it draws its feeder rows by it. */
  user(arrival: number, shared: unknown): User
}

export interface StatelessRequest {
  readonly route: number
  readonly method: string
  /** Each arrival takes one of them, evenly and at random. Latin1 text: each character is one byte. */
  readonly fixed: readonly string[]
  /** Expected status, by check index; compared on the fast path. */
  readonly expectStatus?: { readonly check: number; readonly status: number }
}

/** One virtual user on its way through a flow: its variables and its cookies. Owned by the scenario; opaque to the engine. */
export interface User {
  readonly variables: Record<string, unknown>
  cookies?: unknown
}

export type CompiledStep = RequestStep | ThinkStep | CallStep | ChannelStep

interface ConditionalStep {
  /** Asked when the user comes to the step; false passes it over. Absent: always taken. */
  when?(user: User): boolean
}

export interface RequestStep extends ConditionalStep {
  readonly kind: 'request'
  readonly route: number
  readonly method: string
  /** The whole request as latin1 text. Throws what ends this user with an error of kind `scenario`. */
  encode(user: User): string
  /** What of the answer `after` will read; `none` spares the copy, `body` is the head as well. */
  readonly capture: 'none' | 'head' | 'body'
  /** Checks, extractions and cookies. Calls `check` for each check; returning false ends this user's flow. */
  after?(user: User, answer: Answer, check: (index: number, passed: boolean) => void): boolean
}

export interface Answer {
  readonly status: number
  readonly bodyBytes: number
  /** From the send, in milliseconds. */
  readonly serviceMs: number
  /** Header lines as they came, latin1, without the status line; empty unless captured. */
  readonly head: string
  /** Decoded from chunks, still compressed if it was; empty unless captured. Only valid during the call. */
  readonly body: Buffer
}

export interface ThinkStep extends ConditionalStep {
  readonly kind: 'think'
  ms(user: User): number
}

/** The user's own code; for what templates cannot say. A rejection ends this user with an error of kind `scenario`. */
export interface CallStep extends ConditionalStep {
  readonly kind: 'call'
  readonly route: number
  run(user: User): Promise<void>
}

/** A conversation that stays open: WebSocket or server-sent events. */
export interface ChannelStep extends ConditionalStep {
  readonly kind: 'channel'
  readonly route: number
  /** Must call `events.end` exactly once, at the latest when it is closed. */
  open(user: User, events: ChannelEvents): Channel
}

export interface Channel {
  /** Begins nothing further, and ends once what it waits for has come or is overdue. */
  drain(): void
  /** Ends now: as intended, or for this reason. */
  close(errorKind?: string): void
}

export interface ChannelEvents {
  /** When the step was due: what the opening is timed from. */
  readonly scheduledMs: number
  /** A message round trip, or the wait for an event, filed under the step's route: from `scheduledMs` (the engine's clock) until now. */
  sample(scheduledMs: number, sentMs: number, status: number, bytes: number): void
  check(index: number, passed: boolean): void
  /** Undefined: as intended. Otherwise the kind of error to count. */
  end(errorKind?: string): void
  /** The engine's clock. */
  now(): number
}

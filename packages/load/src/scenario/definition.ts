/** What a scenario file says, as data: the words of `define.ts` make it and `compile.ts` reads it. */
import type { Check, Condition } from './check.ts'
import type { EventsStep, WebSocketStep } from './channel/talk.ts'
import type { Feeder } from './data/feeder.ts'
import type { Extract } from './extract.ts'
import type { Http } from './http.ts'
import type { Site } from './site.ts'

/** One way in which many users go through the service. */
export interface ScenarioDefinition<Shared = unknown> {
  readonly name: string
  /** Where to send it, such as `http://127.0.0.1:3000`; the command line may say otherwise. */
  readonly target?: string
  /** Sent with every request; a step's own win. */
  readonly headers?: Readonly<Record<string, string>>
  /** Values for `{names}`, drawn once for each user: feeders, functions of the user, or constants. */
  readonly data?: Readonly<Record<string, Value>>
  /** Keep each user's cookies. Default true. */
  readonly cookies?: boolean
  /** Once, before the first request of any worker. What it returns must be JSON; steps read it as `{shared.…}`. */
  readonly setup?: (http: Http) => Promise<Shared> | Shared
  readonly auth?: Auth<Shared>
  readonly flows: readonly Flow[]
  /** Once, after the last answer. */
  readonly teardown?: (shared: Shared, http: Http) => Promise<unknown> | unknown
}

/** A token sent with every request, and fetched anew once for a request that is answered 401. */
export interface Auth<Shared = unknown> {
  /** May log in through `http`, or take what setup returned. */
  readonly token: (by: {
    readonly http: Http
    readonly shared: Shared
    readonly user?: ScenarioUser
  }) => Promise<string> | string
  /** One token for each worker, or one for each user; `user` is then given. Default `run`. */
  readonly per?: 'run' | 'user'
  /** Default `authorization`. */
  readonly header?: string
  /** The header's value with `{token}` in it. Default `Bearer {token}`. */
  readonly as?: string
}

/** A user's way through the service. */
export interface Flow {
  readonly kind: 'flow'
  readonly name: string
  readonly weight: number
  readonly steps: readonly Step[]
  readonly site: Site | undefined
}

export type Step = Request | Think | Call | WebSocketStep | EventsStep

/** A feeder, a function of the user, or a constant. */
export type Value = Feeder | ((user: ScenarioUser) => unknown) | string | number | boolean | null

/** What the author's own functions see of a user. */
export interface ScenarioUser {
  /** From 0, over all workers. */
  readonly arrival: number
  /** Data, extracted values and what calls left here. */
  readonly variables: Record<string, unknown>
  /** What setup returned. */
  readonly shared: unknown
  /** Requests with this user's cookies; they are not measured by themselves. */
  readonly http: Http
}

export interface RequestOptions {
  /** What samples are filed under. Default the method and the path with its names, as in `GET /items/:id`. */
  readonly name?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Values for `{names}` of this step and those after it. */
  readonly with?: Readonly<Record<string, Value>>
  /** Appended to the path, encoded. */
  readonly query?: Readonly<Record<string, string | number | boolean>>
  /** One of the three. In `json`, a text that is nothing but `{name}` becomes the value itself, with its type. */
  readonly json?: unknown
  readonly form?: Readonly<Record<string, string | number | boolean>>
  readonly body?: string
  readonly expect?: Expectations
  /** Values for `{names}` of later steps; a value that is not there counts as a failed check and ends the user's flow. */
  readonly extract?: Readonly<Record<string, Extract>>
  /** Send it without the token. */
  readonly auth?: false
}

/** Each is a check with a name and a count of its own. A failed one does not end the flow unless `orStop` says so. */
export interface Expectations {
  /** A status, several, or a class such as `2xx`. */
  readonly status?: number | readonly number[] | `${1 | 2 | 3 | 4 | 5}xx`
  readonly body?: Condition | readonly Condition[]
  /** By header name: the exact value, a pattern or `contains(…)`. */
  readonly header?: Readonly<Record<string, string | RegExp | Condition>>
  /** Longest time from the send to the last byte, such as `300ms`. */
  readonly below?: string
  /** Conditions of your own, made by `check(name, …)`. */
  readonly checks?: readonly Check[]
  readonly orStop?: boolean
}

export interface Request {
  readonly kind: 'request'
  readonly method: string
  readonly path: string
  readonly options: RequestOptions
  readonly site: Site | undefined
}

export interface Think {
  readonly kind: 'think'
  readonly time: ThinkTime
}

export type ThinkTime =
  | { readonly kind: 'fixed'; readonly ms: number }
  | { readonly kind: 'range'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'exponential'; readonly meanMs: number }

export interface Call {
  readonly kind: 'call'
  readonly name: string
  readonly run: (user: ScenarioUser) => unknown
  /** Names it leaves in `user.variables` for later steps. */
  readonly gives: readonly string[]
  readonly site: Site | undefined
}

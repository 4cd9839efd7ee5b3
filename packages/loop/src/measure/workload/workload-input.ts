/** What a workload is made from: routes of any source in one shape, what the user adds, and what was wrong with the input. */
import type { PlannedRequest } from '@whetstone/model'

/** The text of a file, with its name for messages. */
export interface SourceText {
  readonly file: string
  readonly text: string
}

export interface WorkloadInput {
  /** As the framework registered them, `/orders/:id`. */
  readonly frameworkRoutes?: readonly { readonly method: string; readonly pattern: string }[]
  /** OpenAPI 3 as YAML or JSON. */
  readonly openapi?: SourceText
  readonly har?: SourceText
  /** Combined format or JSON lines. */
  readonly accessLog?: SourceText
  /** `GET /orders/:id` or `GET /orders?limit=20 3`, the number being the weight. */
  readonly routes?: readonly string[]
  /** `POST /search {"text":"x"}`: the user says that it may be repeated. */
  readonly requests?: readonly string[]
  /** `name: value`, sent with every request. */
  readonly headers?: readonly string[]
  /** `POST /login {…}`: sent once, its token goes with every request. */
  readonly login?: string
  /** `orders=ids.txt` read into keys, by resource or parameter name. */
  readonly ids?: Readonly<Record<string, readonly string[]>>
  readonly seed: number
  /** Different requests kept per route. Default 200. */
  readonly requestsPerRoute?: number
}

/** One route of one source, before its parameters are filled. */
export interface RouteCandidate {
  readonly method: string
  /** Normalised: parameters as `:name`, without query. */
  readonly pattern: string
  /** The pattern the service declares for it, where the user typed a part of it: `/:kind/:id` for `/posts/:id`. Traces carry this one. */
  readonly declaredAs?: string
  readonly origin: 'framework' | 'openapi' | 'har' | 'access-log' | 'route' | 'request'
  /** Requests seen or given whole: nothing to fill. */
  readonly requests: readonly PlannedRequest[]
  /** How often it was seen, or the weight that was given; 1 when nothing is known. */
  readonly weight: number
  /** The user said that repeating it does no harm. */
  readonly markedSafe?: boolean
  /** Appended after filling, with its `?`. */
  readonly query?: string
  readonly parameters?: readonly DescribedParameter[]
  /** A body that a POST needs, with its content type. */
  readonly body?: string
  /** GraphQL operation, part of the route's name. */
  readonly operation?: string
}

/** A path or query parameter as OpenAPI describes it. */
export interface DescribedParameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  /** Examples, the default or all values of an enum. */
  readonly values: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly type?: string
}

/** A line or entry that could not be read; told to the user, never dropped in silence. */
export interface InputProblem {
  readonly file: string
  /** From 1; absent when the whole file is meant. */
  readonly line?: number
  readonly why: string
  /** The beginning of what was there. */
  readonly text?: string
}

export interface ReadSource {
  readonly candidates: readonly RouteCandidate[]
  readonly problems: readonly InputProblem[]
}

export const excerptOf = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}…` : text)

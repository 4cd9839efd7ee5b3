/** Which requests are sent, in which proportions: data that both the load engine and the trial run. */
import type { RouteName } from './place.ts'

export interface PlannedRequest {
  readonly method: string
  /** Path with query, filled. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}
export interface PlannedRoute {
  readonly route: RouteName
  readonly weight: number
  /** Concrete requests, drawn evenly and at random over the whole list. */
  readonly requests: readonly PlannedRequest[]
}
export interface SkippedRoute {
  readonly route: RouteName
  readonly why: string
  /** What to type so that it is included. */
  readonly give: string
}
export interface Workload {
  readonly routes: readonly PlannedRoute[]
  readonly skipped: readonly SkippedRoute[]
}

/** What only people know of a service: told once in `whetstone.config.ts`, and kept with the run that it weighed. */
import type { RouteName } from '../place.ts'

export interface AnswersEvidence {
  readonly schema: 'answers@1'
  /** Routes that are worth more or less than their traffic says. */
  readonly routes: readonly RouteAnswer[]
  /** What one second of one waiting user costs, in a currency of their own. */
  readonly costOfASecond?: number
  readonly tables: readonly TableAnswer[]
}
export interface RouteAnswer {
  readonly route: RouteName
  /** 1 is a route like any other. */
  readonly weight: number
}
export interface TableAnswer {
  /** With its schema where that is not `public`. */
  readonly table: string
  readonly productionRows: number
}

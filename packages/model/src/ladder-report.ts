/** A service measured rung by rung as one change is added to the next: `whetstone/ladder@1`, of which its page is made. */
import type { GeneratorHealth } from './evidence/index.ts'
import type { LoadRunInfo } from './load-report.ts'
import type { LadderStep } from './report.ts'

export interface LadderReport {
  readonly schema: 'whetstone/ladder@1'
  /** What was climbed: `recent orders of a customer`. */
  readonly title: string
  readonly run: LoadRunInfo
  readonly offeredRatePerSecond: number
  readonly rungs: readonly LadderRung[]
}

export interface LadderRung extends LadderStep {
  /** What was added, as it was typed: SQL, or a line of code. */
  readonly change: string
  readonly generator: GeneratorHealth['verdict']
  /** Of the service to its database, over all its requests on this rung; not of every ladder. */
  readonly queriesPerRequest?: number
  /** What one request sent to the database, in the order it did, each text once. */
  readonly statements?: readonly LadderStatement[]
}

export interface LadderStatement {
  /** The first of its kind, with the values it was sent with. */
  readonly text: string
  /** How many of its kind that request sent. */
  readonly calls: number
  /** `EXPLAIN (ANALYZE, BUFFERS)` of `text`, as PostgreSQL prints it. */
  readonly plan: string
}

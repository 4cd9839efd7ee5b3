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
}

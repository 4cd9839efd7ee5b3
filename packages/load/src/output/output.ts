/** Where the figures of a run go besides the terminal. */
import type { LoadInterval, LoadReport, LoadStep } from '@whetstone/model'

export interface Output {
  /** A complete interval, while the run goes on. Never throws and never waits. */
  interval(interval: LoadInterval, context: IntervalContext): void
  /**
   * Writes or sends what is missing, and gives up ten seconds after the last success. What could not be delivered comes back as
   * warnings, for an output that fails must not fail the run.
   */
  finish(report: LoadReport): Promise<string[]>
}

/** To which run and step an interval belongs. */
export interface IntervalContext {
  readonly runId: string
  readonly scenario: string
  readonly target: string
  readonly purpose: LoadStep['purpose']
  /** As near to what `LoadStep.startedAt` will say as is known by now. */
  readonly stepStartedAt: string
}

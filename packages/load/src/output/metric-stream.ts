/** Figures as a stream to a receiver of metrics: each interval as it completes, and at the end what was not told yet. */
import type { LoadInterval, LoadReport, LoadStep } from '@whetstone/model'
import type { Body, Delivery } from './delivery.ts'
import type { IntervalContext, Output } from './output.ts'
import { widthOf } from '../record/interval-grid.ts'
import { type Gauge, gaugesOf } from './gauges.ts'
import { type Total, Totals } from './totals.ts'

export interface Told {
  readonly context: IntervalContext
  /** Milliseconds since 1970. */
  readonly fromMs: number
  readonly untilMs: number
  readonly gauges: readonly Gauge[]
  /** Of this interval alone. */
  readonly since: readonly Total[]
  /** Of this run so far, this interval with it; the purpose is that of the interval. */
  readonly soFar: readonly Total[]
}

export interface FinalTold {
  readonly context: IntervalContext
  readonly fromMs: number
  readonly untilMs: number
  /** What the report counts beyond what was told. */
  readonly since: readonly Total[]
  /** What the report counts; where it counts less than was told (a trial it left out), what was told. */
  readonly soFar: readonly Total[]
}

/** Pure: the same figures give the same bytes. */
export interface MetricEncoder {
  interval(told: Told): Body
  final(told: FinalTold): Body | undefined
}

export class MetricStream implements Output {
  readonly #encoder: MetricEncoder
  readonly #delivery: Delivery
  readonly #told = new Totals()
  #lastMs = 0

  constructor(encoder: MetricEncoder, delivery: Delivery) {
    this.#encoder = encoder
    this.#delivery = delivery
  }

  interval(interval: LoadInterval, context: IntervalContext): void {
    const startMs = Date.parse(context.stepStartedAt)
    const fromMs = startMs + interval.atMs
    const untilMs = Math.round(fromMs + widthOf(interval))
    const alone = new Totals()
    alone.add(context.purpose, interval)
    this.#told.add(context.purpose, interval)
    this.#lastMs = Math.max(this.#lastMs, untilMs)
    this.#delivery.push(
      this.#encoder.interval({
        context,
        fromMs,
        untilMs,
        gauges: gaugesOf(interval),
        since: alone.of(),
        soFar: this.#told.of(context.purpose),
      }),
    )
  }

  async finish(report: LoadReport): Promise<string[]> {
    this.#delivery.hurry()
    if (this.#lastMs === 0) await this.#tellAll(report)
    const last = report.steps.at(-1)
    if (last !== undefined) {
      const whole = new Totals()
      for (const step of report.steps) for (const interval of step.intervals) whole.add(step.purpose, interval)
      const fromMs = this.#lastMs
      // Later than everything told before, for no receiver takes a second value of one instant.
      const untilMs = Math.max(fromMs + 1, Math.round(Date.parse(last.startedAt) + last.durationMs))
      const body = this.#encoder.final({
        context: contextOf(report, last),
        fromMs,
        untilMs,
        since: whole.beyond(this.#told),
        soFar: whole.atLeast(this.#told),
      })
      if (body !== undefined) this.#delivery.push(body)
    }
    return await this.#delivery.drain()
  }

  /** A run of which nothing was told while it went on: another tool's, for example. */
  async #tellAll(report: LoadReport): Promise<void> {
    for (const step of report.steps) {
      for (const interval of step.intervals) {
        await this.#delivery.whenRoom()
        this.interval(interval, contextOf(report, step))
      }
    }
  }
}

function contextOf(report: LoadReport, step: LoadStep): IntervalContext {
  return {
    runId: report.run.id,
    scenario: report.scenario.name,
    target: report.target.name,
    purpose: step.purpose,
    stepStartedAt: step.startedAt,
  }
}

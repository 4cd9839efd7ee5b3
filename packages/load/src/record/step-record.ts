/** Collects one step (the warm-up, or the measured part) and turns it into the load-curve evidence others read. */
import type { LoadStep, RouteName } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { IntervalSeries } from './intervals.ts'
import { RouteRecord } from './route-record.ts'
import { judgeGenerator } from './verdict.ts'

export interface StepSettings {
  readonly purpose: LoadStep['purpose']
  readonly offeredRatePerSecond: number
  readonly arrivals: LoadStep['arrivals']
  readonly routes: readonly RouteName[]
  /** On the engine's clock. */
  readonly startMs: number
  readonly durationMs: number
}

export interface StepEnd {
  readonly startedAt: string
  /** Length of the step as it was run: shorter than planned when it was stopped. */
  readonly durationMs: number
  readonly cpuFraction: number
  readonly loopDelayP99Ms: number
}

/** A timed exchange, as far as a record needs it. */
interface Timed {
  readonly scheduledMs: number
  readonly noticedMs: number
  readonly sentMs: number
}

/** How long after its step a request may still be sent and count as sent in time: a timer tick and a busy host's pause. */
const SEND_GRACE_MS = 50

export class StepRecord {
  readonly settings: StepSettings
  /** Requests that fell due in this step. */
  due = 0
  sent = 0
  completed = 0
  errors = 0
  readonly response = new Histogram()
  readonly #routes: RouteRecord[]
  readonly #intervals: IntervalSeries
  readonly #lag = new Histogram()
  readonly #connectionWait = new Histogram()
  #noticedInTime = 0
  #sentInTime = 0

  constructor(settings: StepSettings) {
    this.settings = settings
    this.#routes = settings.routes.map(route => new RouteRecord(route))
    this.#intervals = new IntervalSeries(settings.durationMs)
  }

  /** A request fell due and the engine came round to it at `noticedMs`. */
  notice(scheduledMs: number, noticedMs: number): void {
    this.due++
    this.#lag.record(microseconds(noticedMs - scheduledMs))
    if (noticedMs <= this.#endMs + SEND_GRACE_MS) this.#noticedInTime++
  }

  answer(routeIndex: number, timed: Timed, nowMs: number, status: number, bodyBytes: number): void {
    const responseUs = microseconds(nowMs - timed.scheduledMs)
    this.#countSent(timed)
    this.completed++
    const success = this.#routes[routeIndex]!.answer(status, bodyBytes, responseUs, microseconds(nowMs - timed.sentMs))
    if (success) this.response.record(responseUs)
    else this.errors++
    this.#intervals.record(nowMs - this.settings.startMs, success ? responseUs : undefined)
  }

  failure(routeIndex: number, timed: Timed, nowMs: number, kind: string): void {
    if (!Number.isNaN(timed.sentMs)) this.#countSent(timed)
    this.errors++
    this.#routes[routeIndex]!.failure(kind)
    this.#intervals.record(nowMs - this.settings.startMs, undefined)
  }

  /** Sent, but the run was stopped before its fate was known: neither an answer nor an error. */
  abandon(timed: Timed): void {
    this.#countSent(timed)
  }

  finish(end: StepEnd): LoadStep {
    const { purpose, offeredRatePerSecond, arrivals } = this.settings
    const service = new Histogram()
    const errorsByKind: Record<string, number> = {}
    let requests = 0
    for (const route of this.#routes) {
      service.merge(route.service)
      requests += route.requests
      for (const [kind, count] of route.errorsByKind) errorsByKind[kind] = (errorsByKind[kind] ?? 0) + count
    }
    return {
      purpose,
      startedAt: end.startedAt,
      offeredRatePerSecond,
      achievedRatePerSecond: end.durationMs === 0 ? 0 : (this.#sentInTime * 1000) / end.durationMs,
      durationMs: end.durationMs,
      arrivals,
      sent: this.sent,
      completed: this.completed,
      errors: this.errors,
      errorsByKind,
      routes: this.#routes.map(route => route.toLoad()),
      overall: { requests, errors: this.errors, response: this.response.toJSON(), service: service.toJSON() },
      intervals: this.#intervals.finish(end.durationMs),
      generator: {
        ...judgeGenerator({
          lagP50Ms: quantileMs(this.#lag, 0.5),
          lagP99Ms: quantileMs(this.#lag, 0.99),
          lagMaxMs: quantileMs(this.#lag, 1),
          responseP99Ms: quantileMs(this.response, 0.99),
          noticedFraction: this.due === 0 ? 1 : this.#noticedInTime / this.due,
          sentFraction: this.due === 0 ? 1 : this.#sentInTime / this.due,
          cpuFraction: end.cpuFraction,
          loopDelayP99Ms: end.loopDelayP99Ms,
        }),
        connectionWaitP99Ms: quantileMs(this.#connectionWait, 0.99),
        loopDelayP99Ms: end.loopDelayP99Ms,
      },
    }
  }

  get #endMs(): number {
    return this.settings.startMs + this.settings.durationMs
  }

  #countSent(timed: Timed): void {
    this.sent++
    this.#connectionWait.record(microseconds(timed.sentMs - timed.noticedMs))
    if (timed.sentMs <= this.#endMs + SEND_GRACE_MS) this.#sentInTime++
  }
}

function microseconds(milliseconds: number): number {
  // Two clock reads in one tick may be equal, and a rounding error must not make a duration negative.
  return milliseconds > 0 ? milliseconds * 1000 : 0
}

/** 0 for an empty histogram, so that the figure survives JSON. */
function quantileMs(histogram: Histogram, q: number): number {
  return histogram.count === 0 ? 0 : histogram.quantile(q) / 1000
}

/** Collects one step (the warm-up, or the measured part) and turns it into the load-curve evidence others read. */
import type { CheckCount, LoadInterval, LoadStep, RouteName } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { IntervalSeries } from './intervals.ts'
import { RouteRecord } from './route-record.ts'
import { SlowestSamples } from './slowest.ts'
import { judgeGenerator } from './verdict.ts'

export interface StepSettings {
  readonly purpose: LoadStep['purpose']
  readonly offeredRatePerSecond: number
  readonly arrivals: LoadStep['arrivals']
  readonly shape?: LoadStep['shape']
  readonly users?: number
  /** Where more than one. */
  readonly requestsPerUser?: number
  readonly routes: readonly RouteName[]
  /** By name, and the index of the route they belong to. */
  readonly checks: readonly { readonly name: string; readonly route: number }[]
  /** On the engine's clock. */
  readonly startMs: number
  readonly durationMs: number
  readonly onSecond?: (interval: LoadInterval) => void
  /** Turning its loop is how the generator waits: how busy it is says nothing. */
  readonly spins?: boolean
}

export interface StepEnd {
  readonly startedAt: string
  /** Length of the step as it was run: shorter than planned when it was stopped. */
  readonly durationMs: number
  readonly cpuFraction: number
  readonly loopDelayP99Ms: number
}

/** A timed exchange, as far as a record needs it. */
export interface Timed {
  readonly scheduledMs: number
  readonly noticedMs: number
  /** NaN: it was never sent. */
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
  readonly slowest = new SlowestSamples()
  readonly #routes: RouteRecord[]
  readonly #intervals: IntervalSeries
  readonly #lag = new Histogram()
  readonly #connectionWait = new Histogram()
  readonly #passes: Float64Array
  readonly #fails: Float64Array
  readonly #startMs: number
  readonly #lastSendMs: number
  #failures = 0
  #noticedInTime = 0
  #sentInTime = 0

  constructor(settings: StepSettings) {
    this.settings = settings
    this.#startMs = settings.startMs
    this.#lastSendMs = settings.startMs + settings.durationMs + SEND_GRACE_MS
    this.#routes = settings.routes.map(route => new RouteRecord(route))
    this.#intervals = new IntervalSeries(settings.routes, settings.durationMs, settings.onSecond)
    this.#passes = new Float64Array(settings.checks.length)
    this.#fails = new Float64Array(settings.checks.length)
  }

  /** A request fell due and the engine came round to it at `noticedMs`. */
  notice(scheduledMs: number, noticedMs: number): void {
    this.due++
    const lagUs = microseconds(noticedMs - scheduledMs)
    this.#intervals.recordLag(noticedMs - this.#startMs, lagUs)
    this.#lag.record(lagUs)
    if (noticedMs <= this.#lastSendMs) this.#noticedInTime++
  }

  answer(route: number, timed: Timed, nowMs: number, status: number, bodyBytes: number): void {
    const responseUs = microseconds(nowMs - timed.scheduledMs)
    // First, because it may close a second, and what is told of that second must not hold a part of this answer.
    this.#intervals.record(nowMs - this.#startMs, route, status, responseUs)
    this.#countSent(timed)
    this.completed++
    if (status >= 500) this.errors++
    this.#routes[route]!.answer(status, bodyBytes, responseUs, microseconds(nowMs - timed.sentMs))
  }

  failure(route: number, timed: Timed, nowMs: number, kind: string): void {
    this.#intervals.record(nowMs - this.#startMs, route, 0, 0)
    if (timed.sentMs === timed.sentMs) this.#countSent(timed)
    this.errors++
    this.#failures++
    this.#routes[route]!.failure(kind)
  }

  check(index: number, passed: boolean): void {
    const counts = passed ? this.#passes : this.#fails
    counts[index]!++
  }

  /** Sent, but the run was stopped before their fate was known: neither answers nor errors. */
  abandon(count: number): void {
    this.sent += count
    this.#sentInTime += count
  }

  /** Closes the seconds that have passed, also without an outcome. */
  passed(nowMs: number): void {
    this.#intervals.passed(nowMs - this.#startMs)
  }

  /** Fell due, and neither answered nor failed yet. */
  get open(): number {
    return this.due - this.completed - this.#failures
  }

  /** How often each check held so far. */
  checks(): readonly CheckCount[] {
    const { checks, routes } = this.settings
    return checks.map(({ name, route }, index) => ({
      name,
      route: routes[route]!,
      passes: this.#passes[index]!,
      fails: this.#fails[index]!,
    }))
  }

  /** Response times of successful answers so far, all routes together. */
  responses(): Histogram {
    const all = new Histogram()
    for (const route of this.#routes) route.addResponses(all)
    return all
  }

  finish(end: StepEnd): LoadStep {
    return this.#step(end, this.#intervals.finish(end.durationMs))
  }

  /** What `finish` would say now, without the intervals; the record goes on. */
  soFar(end: StepEnd): LoadStep {
    return this.#step(end, [])
  }

  #step(end: StepEnd, intervals: readonly LoadInterval[]): LoadStep {
    const { purpose, offeredRatePerSecond, arrivals, shape, users, requestsPerUser } = this.settings
    const checks = this.checks()
    const response = this.responses()
    const service = new Histogram()
    const errorsByKind: Record<string, number> = {}
    let requests = 0
    for (const route of this.#routes) {
      service.merge(route.service)
      requests += route.requests
      for (const [kind, count] of Object.entries(route.errorsByKind()))
        errorsByKind[kind] = (errorsByKind[kind] ?? 0) + count
    }
    const achievedRatePerSecond = end.durationMs === 0 ? 0 : (this.#sentInTime * 1000) / end.durationMs
    return {
      purpose,
      startedAt: end.startedAt,
      offeredRatePerSecond: arrivals === 'closed' ? achievedRatePerSecond : offeredRatePerSecond,
      achievedRatePerSecond,
      durationMs: end.durationMs,
      arrivals,
      ...(shape === undefined ? {} : { shape }),
      ...(users === undefined ? {} : { users }),
      ...(requestsPerUser === undefined ? {} : { requestsPerUser }),
      sent: this.sent,
      completed: this.completed,
      errors: this.errors,
      errorsByKind,
      routes: this.#routes.map(route => route.toLoad()),
      overall: { requests, errors: this.errors, response: response.toJSON(), service: service.toJSON() },
      intervals,
      generator: {
        ...judgeGenerator({
          lagP50Ms: quantileMs(this.#lag, 0.5),
          lagP99Ms: quantileMs(this.#lag, 0.99),
          lagMaxMs: quantileMs(this.#lag, 1),
          responseP99Ms: quantileMs(response, 0.99),
          noticedFraction: this.due === 0 ? 1 : this.#noticedInTime / this.due,
          sentFraction: this.due === 0 ? 1 : this.#sentInTime / this.due,
          cpuFraction: end.cpuFraction,
          loopDelayP99Ms: end.loopDelayP99Ms,
          ...(this.settings.spins ? { spins: true } : {}),
        }),
        connectionWaitP99Ms: quantileMs(this.#connectionWait, 0.99),
        loopDelayP99Ms: end.loopDelayP99Ms,
      },
      lag: this.#lag.toJSON(),
      connectionWait: this.#connectionWait.toJSON(),
      ...(checks.length === 0 ? {} : { checks }),
      ...(this.slowest.list.length === 0 ? {} : { slowest: this.slowest.list }),
    }
  }

  #countSent(timed: Timed): void {
    this.sent++
    this.#connectionWait.record(microseconds(timed.sentMs - timed.noticedMs))
    if (timed.sentMs <= this.#lastSendMs) this.#sentInTime++
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

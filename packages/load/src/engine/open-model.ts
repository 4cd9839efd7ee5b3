/** The open model: requests leave when they are due, whether or not earlier ones were answered, and are timed from that instant. */
import { WhetstoneError } from '@whetstone/model'
import type { LoadStep, PlannedRequest, RouteName } from '@whetstone/model'
import type { Choice } from '../arrivals/mix.ts'
import { requestMix } from '../arrivals/mix.ts'
import { poissonArrivals, uniformArrivals } from '../arrivals/arrivals.ts'
import type { Pacer } from '../pacer/pacer.ts'
import type { LoadPlan } from '../plan.ts'
import { StepRecord } from '../record/step-record.ts'
import { encodeRequest } from '../wire/encode.ts'
import type { Exchange } from '../wire/pool.ts'
import { Pool } from '../wire/pool.ts'
import { WireError } from '../wire/wire-error.ts'
import type { HostReadings } from './host-readings.ts'

export interface LoadResult {
  /** Absent when the plan has no warm-up. Kept visible and never judged. */
  readonly warmUp?: LoadStep
  readonly measure: LoadStep
  readonly stopped: 'finished' | 'aborted'
}

/** What is shown while a step runs. */
export interface LiveInterval {
  readonly purpose: LoadStep['purpose']
  /** Milliseconds since the start of the step. */
  readonly atMs: number
  readonly stepDurationMs: number
  readonly sent: number
  readonly completed: number
  readonly errors: number
  readonly inFlight: number
  /** Over the step so far, from the scheduled instant; undefined before the first successful answer. */
  readonly p50Ms: number | undefined
  readonly p95Ms: number | undefined
  readonly p99Ms: number | undefined
}

export interface EngineShell {
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** The date on the wall, for `startedAt`. */
  readonly date: () => Date
  readonly pacer: Pacer
  readonly host: HostReadings
  readonly onInterval?: (interval: LiveInterval) => void
  readonly signal?: AbortSignal
}

interface Planned extends Exchange {
  readonly step: StepRecord
  readonly routeIndex: number
}

/** Four a second: the first figures appear well within a second, and drawing them costs nothing. */
const LIVE_EVERY_MS = 250
const SWEEP_EVERY_MS = 25
/** Requests sent in one turn before the loop may read answers. */
const BATCH = 64

/** Runs a checked plan to its end and the answers still under way, at most `timeoutMs` longer. */
export function driveOpenModel(plan: LoadPlan, shell: EngineShell): Promise<LoadResult> {
  return new Promise<LoadResult>((resolve, reject) => new OpenModel(plan, shell, resolve, reject).start())
}

class OpenModel {
  readonly #plan: LoadPlan
  readonly #shell: EngineShell
  readonly #resolve: (result: LoadResult) => void
  readonly #reject: (error: unknown) => void
  readonly #encoded: readonly (readonly { readonly encoded: string; readonly method: string }[])[]
  readonly #pool: Pool<Planned>
  readonly #nextArrivalMs: () => number
  readonly #choose: () => Choice
  readonly #startMs: number
  readonly #startedAt: Date
  readonly #endMs: number
  readonly #warmUp: StepRecord | undefined
  readonly #measure: StepRecord
  readonly #underway = new Set<Planned>()
  #dueMs = 0
  #warmUpStep: LoadStep | undefined
  #warmUpHost: { readonly cpuFraction: number; readonly loopDelayP99Ms: number } | undefined
  #timers: NodeJS.Timeout[] = []
  #done = false

  constructor(
    plan: LoadPlan,
    shell: EngineShell,
    resolve: (result: LoadResult) => void,
    reject: (error: unknown) => void,
  ) {
    this.#plan = plan
    this.#shell = shell
    this.#resolve = resolve
    this.#reject = reject
    const host = hostHeader(plan)
    this.#encoded = plan.routes.map(route =>
      route.requests.map(request => ({ encoded: encoded(request, host, route.route), method: request.method })),
    )
    this.#nextArrivalMs =
      plan.arrivals === 'poisson' ? poissonArrivals(plan.ratePerSecond, plan.seed) : uniformArrivals(plan.ratePerSecond)
    // Another stream than the arrivals, or gaps and choices would be correlated.
    this.#choose = requestMix(plan.routes, plan.seed ^ 0x5bd1e995)
    this.#pool = new Pool<Planned>(
      {
        target: plan.target,
        maxConnections: plan.maxConnections,
        timeoutMs: plan.timeoutMs,
        maxWaiting: Math.ceil((plan.ratePerSecond * plan.timeoutMs) / 1000) + BATCH,
        now: shell.now,
      },
      {
        onAnswer: (exchange, { status, bodyBytes }) => {
          this.#underway.delete(exchange)
          exchange.step.answer(exchange.routeIndex, exchange, shell.now(), status, bodyBytes)
          this.#finishIfDrained()
        },
        onFailure: (exchange, kind) => {
          this.#underway.delete(exchange)
          exchange.step.failure(exchange.routeIndex, exchange, shell.now(), kind)
          this.#finishIfDrained()
        },
      },
    )
    this.#startMs = shell.now()
    this.#startedAt = shell.date()
    this.#endMs = this.#startMs + plan.warmUpMs + plan.durationMs
    const common = {
      offeredRatePerSecond: plan.ratePerSecond,
      arrivals: plan.arrivals,
      routes: plan.routes.map(({ route }) => route),
    }
    this.#warmUp =
      plan.warmUpMs === 0
        ? undefined
        : new StepRecord({ ...common, purpose: 'warm-up', startMs: this.#startMs, durationMs: plan.warmUpMs })
    this.#measure = new StepRecord({
      ...common,
      purpose: 'measure',
      startMs: this.#startMs + plan.warmUpMs,
      durationMs: plan.durationMs,
    })
  }

  start(): void {
    const { signal, host } = this.#shell
    if (signal?.aborted) return this.#finish('aborted')
    signal?.addEventListener('abort', this.#abort, { once: true })
    host.reset()
    this.#timers.push(
      setInterval(() => this.#guard(() => this.#sweep()), Math.min(SWEEP_EVERY_MS, this.#plan.timeoutMs)),
    )
    if (this.#shell.onInterval !== undefined) {
      this.#timers.push(setInterval(() => this.#guard(() => this.#showLive()), LIVE_EVERY_MS))
    }
    if (this.#warmUp !== undefined) {
      // Read at the boundary, so that the measured step answers only for its own CPU time.
      this.#timers.push(setTimeout(() => this.#endWarmUp(), this.#plan.warmUpMs))
    }
    this.#dueMs = this.#startMs + this.#nextArrivalMs()
    this.#sleep()
  }

  #sleep(): void {
    this.#shell.pacer.sleepUntil(this.#dueMs, () => this.#guard(() => this.#wake()))
  }

  #wake(): void {
    if (this.#done) return
    for (let budget = BATCH; budget > 0 && this.#dueMs < this.#endMs; budget--) {
      const noticedMs = this.#shell.now()
      if (this.#dueMs > noticedMs) break
      this.#send(this.#dueMs, noticedMs)
      this.#dueMs = this.#startMs + this.#nextArrivalMs()
    }
    if (this.#dueMs < this.#endMs) this.#sleep()
    else this.#finishIfDrained()
  }

  #send(scheduledMs: number, noticedMs: number): void {
    const { routeIndex, requestIndex } = this.#choose()
    const { encoded, method } = this.#encoded[routeIndex]![requestIndex]!
    const inWarmUp = this.#warmUp !== undefined && scheduledMs < this.#measure.settings.startMs
    const step = inWarmUp ? this.#warmUp : this.#measure
    step.notice(scheduledMs, noticedMs)
    const exchange: Planned = { encoded, method, scheduledMs, noticedMs, sentMs: NaN, retries: 0, step, routeIndex }
    this.#underway.add(exchange)
    this.#pool.submit(exchange)
  }

  #sweep(): void {
    this.#pool.sweep()
    this.#finishIfDrained()
  }

  #finishIfDrained(): void {
    if (this.#dueMs < this.#endMs || this.#underway.size > 0 || this.#shell.now() < this.#endMs) return
    this.#finish('finished')
  }

  readonly #abort = (): void => this.#guard(() => this.#finish('aborted'))

  #endWarmUp(): void {
    this.#warmUpHost = this.#shell.host.read()
    this.#shell.host.reset()
  }

  #finish(stopped: LoadResult['stopped']): void {
    if (this.#done) return
    this.#done = true
    this.#release()
    for (const exchange of this.#underway) if (!Number.isNaN(exchange.sentMs)) exchange.step.abandon(exchange)
    const ranMs = Math.min(this.#shell.now(), this.#endMs) - this.#startMs
    const host = this.#shell.host.read()
    const warmUpMs = this.#plan.warmUpMs
    this.#warmUpStep = this.#warmUp?.finish({
      startedAt: this.#startedAt.toISOString(),
      durationMs: Math.min(ranMs, warmUpMs),
      ...(this.#warmUpHost ?? host),
    })
    const measure = this.#measure.finish({
      startedAt: new Date(this.#startedAt.getTime() + warmUpMs).toISOString(),
      durationMs: Math.max(0, ranMs - warmUpMs),
      ...host,
    })
    this.#resolve({ ...(this.#warmUpStep === undefined ? {} : { warmUp: this.#warmUpStep }), measure, stopped })
  }

  #release(): void {
    this.#shell.signal?.removeEventListener('abort', this.#abort)
    for (const timer of this.#timers) clearTimeout(timer)
    this.#shell.pacer.close()
    this.#pool.close()
  }

  /** A defect in a callback must end the run with an error, not leave it waiting. */
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#done = true
      this.#release()
      this.#reject(error)
    }
  }

  #showLive(): void {
    const nowMs = this.#shell.now()
    const warming = this.#warmUp !== undefined && nowMs < this.#measure.settings.startMs
    const step = warming ? this.#warmUp : this.#measure
    const { response } = step
    const quantileMs = (q: number) => (response.count === 0 ? undefined : response.quantile(q) / 1000)
    this.#shell.onInterval!({
      purpose: step.settings.purpose,
      atMs: nowMs - step.settings.startMs,
      stepDurationMs: step.settings.durationMs,
      sent: step.sent,
      completed: step.completed,
      errors: step.errors,
      inFlight: this.#pool.inFlight,
      p50Ms: quantileMs(0.5),
      p95Ms: quantileMs(0.95),
      p99Ms: quantileMs(0.99),
    })
  }
}

function hostHeader({ target }: LoadPlan): string {
  return `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`
}

function encoded(request: PlannedRequest, host: string, route: RouteName): string {
  try {
    return encodeRequest(request, host)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    throw new WhetstoneError('WHET_LOAD_REQUEST', `a request of ${route} cannot be sent: ${error.message}`, {
      cause: error,
    })
  }
}

/** Runs a plan: in the open model requests leave when they are due, answered or not, and are timed from that instant. */
import { seededRandom } from '@whetstone/stats'
import type { Random } from '@whetstone/stats'
import { arrivalsOf, segmentOf } from '../arrivals/arrivals.ts'
import { drawOf, weightedMix } from '../arrivals/mix.ts'
import type { LoadPlan } from '../plan.ts'
import type { CompiledFlow, CompiledScenario, CompiledStep } from '../scenario/compiled.ts'
import { transportFor } from '../wire/transport-for.ts'
import type { Transport, WireAnswer } from '../wire/transport.ts'
import { FirstFaults } from './first-faults.ts'
import type { EngineShell, LoadResult } from './live.ts'
import { mostWaiting } from './plan-figures.ts'
import { RunRecords } from './run-records.ts'
import { Sleepers } from './sleepers.ts'
import { withTraceparent } from './trace-context.ts'
import { afterAnswer, walk, type Ground, type Walker } from './walk.ts'
import { FreeWorks, type Work } from './work.ts'

type RequestStep = Extract<CompiledStep, { kind: 'request' }>

/** Four a second: the first figures appear well within a second, and drawing them costs nothing. */
const LIVE_EVERY_MS = 250
const SWEEP_EVERY_MS = 25
/** Requests sent in one turn before the loop may read answers. */
const BATCH = 64
/** A closed user who met a failure before anything was sent comes back after this, or a dead service would spin the loop. */
const RETRY_AFTER_MS = 10
/** Apart from the draws for the mix. */
const VARIANT_SEED = 0x5bd1e995

/** Runs a checked plan to its end and the answers still under way, at most `timeoutMs` longer. */
export function driveLoad(
  plan: LoadPlan,
  scenario: CompiledScenario,
  shared: unknown,
  shell: EngineShell,
): Promise<LoadResult> {
  return new Promise<LoadResult>((resolve, reject) =>
    new LoadRun(plan, scenario, shared, shell, resolve, reject).start(),
  )
}

class LoadRun {
  readonly #plan: LoadPlan
  readonly #shell: EngineShell
  readonly #shared: unknown
  readonly #resolve: (result: LoadResult) => void
  readonly #reject: (error: unknown) => void
  readonly #flows: readonly CompiledFlow[]
  readonly #flowOf: (arrival: number) => number
  readonly #arrivalStride: number
  readonly #arrivalLimit: number
  readonly #limitReason: string
  readonly #transport: Transport<Work>
  readonly #nextArrivalMs: () => number
  readonly #records: RunRecords
  readonly #works = new FreeWorks()
  readonly #walkers = new Set<Walker>()
  readonly #sleepers = new Sleepers<Walker | undefined>()
  readonly #ground: Ground
  readonly #traceEvery: number
  readonly #random: Random
  readonly #faults = new FirstFaults()
  #arrival: number
  #untilTrace: number
  #dueMs = Infinity
  #underway = 0
  #sleepingUntilMs = Infinity
  #waking = false
  #timers: NodeJS.Timeout[] = []
  #done = false
  #drainUntilMs: number | undefined

  constructor(
    plan: LoadPlan,
    scenario: CompiledScenario,
    shared: unknown,
    shell: EngineShell,
    resolve: (result: LoadResult) => void,
    reject: (error: unknown) => void,
  ) {
    this.#plan = plan
    this.#shell = shell
    this.#shared = shared
    this.#resolve = resolve
    this.#reject = reject
    this.#flows = scenario.flows
    this.#flowOf = weightedMix(
      scenario.flows.map(flow => (flow.stateless?.fixed.length === 0 ? 0 : flow.weight)),
      plan.seed,
    )
    const { index, of } = plan.segment ?? { index: 0, of: 1 }
    this.#arrival = index
    this.#arrivalStride = of
    const limit = scenario.arrivalLimit?.()
    this.#arrivalLimit = limit?.arrivals ?? Infinity
    this.#limitReason = limit?.because ?? ''
    this.#nextArrivalMs = segmentOf(arrivalsOf(plan), index, of)
    this.#traceEvery = plan.traceEvery ?? 0
    this.#untilTrace = this.#traceEvery
    this.#random = seededRandom(plan.seed ^ (index + 1))
    this.#transport = transportFor<Work>(
      {
        target: plan.target,
        maxConnections: plan.maxConnections,
        requestsPerConnection: plan.connections?.requestsPerConnection ?? Infinity,
        timeoutMs: plan.timeoutMs,
        maxWaiting: mostWaiting(plan, scenario),
        now: shell.now,
      },
      {
        // Guarded by hand: a closure for `#guard` would be an allocation a request.
        onAnswer: (work, answer, nowMs) => {
          try {
            this.#answered(work, answer, nowMs)
          } catch (error) {
            this.#defect(error)
          }
        },
        onFailure: (work, kind, nowMs) => this.#guard(() => this.#failed(work, kind, nowMs)),
      },
    )
    this.#records = new RunRecords(plan, scenario, shell, this.#breach)
    this.#ground = {
      now: shell.now,
      over: nowMs => nowMs >= this.#records.endMs || this.#done,
      send: (walker, step, encoded, scheduledMs, noticedMs) =>
        this.#sendStep(walker, step, encoded, scheduledMs, noticedMs),
      sleep: (walker, untilMs) => this.#sleepWalker(walker, untilMs),
      ended: (walker, nowMs, failed) => this.#walkerEnded(walker, nowMs, failed),
      fault: error => this.#faults.note(error),
    }
  }

  start(): void {
    const { signal, host } = this.#shell
    if (signal?.aborted) return this.#finish('aborted')
    signal?.addEventListener('abort', this.#abort, { once: true })
    host.reset()
    const sweepMs = Math.max(SWEEP_EVERY_MS, Math.min(1000, this.#plan.timeoutMs / 20))
    this.#every(Math.min(sweepMs, this.#plan.timeoutMs), () => this.#sweep())
    if (this.#shell.onInterval !== undefined) this.#every(LIVE_EVERY_MS, () => this.#showLive())
    if (this.#shell.onSecond !== undefined || this.#shell.onSoFar !== undefined)
      this.#every(LIVE_EVERY_MS, () => this.#records.passed(this.#shell.now()))
    if (this.#plan.warmUpMs > 0) {
      const untilMeasuredMs = this.#records.measureFromMs - this.#shell.now()
      this.#timers.push(setTimeout(() => this.#records.endWarmUp(), untilMeasuredMs))
    }
    if (this.#plan.closed) this.#startUsers(this.#plan.closed.users)
    else this.#dueMs = this.#records.startMs + this.#nextArrivalMs()
    this.#sleep()
  }

  #every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(() => this.#guard(work), ms))
  }

  /** The users of this worker; each begins its first flow at the start. */
  #startUsers(users: number): void {
    for (let user = this.#arrival; user < users; user += this.#arrivalStride)
      this.#sleepers.add(this.#records.startMs, undefined)
  }

  #sleep(): void {
    const untilMs = Math.min(this.#dueMs, this.#sleepers.nextMs, this.#records.endMs)
    if (this.#done || this.#waking || untilMs >= this.#sleepingUntilMs) return
    this.#sleepingUntilMs = untilMs
    this.#shell.pacer.sleepUntil(untilMs, this.#wake)
  }

  readonly #wake = (): void => {
    if (this.#done) return
    this.#waking = true
    this.#guard(() => this.#sendDue())
    this.#waking = false
    this.#sleepingUntilMs = Infinity
    if (this.#owes || this.#shell.now() < this.#records.endMs) this.#sleep()
    else this.#finishIfDrained()
  }

  /** Whether something was due before the end that the engine has not come round to: late, but never left out. */
  get #owes(): boolean {
    return Math.min(this.#dueMs, this.#sleepers.nextMs) < this.#records.endMs
  }

  #sendDue(): void {
    for (let budget = BATCH; budget > 0; budget--) {
      const noticedMs = this.#shell.now()
      const wakingMs = this.#sleepers.nextMs
      const dueMs = Math.min(this.#dueMs, wakingMs)
      if (dueMs > noticedMs || dueMs >= this.#records.endMs) return
      if (wakingMs === dueMs) {
        const walker = this.#sleepers.take()
        if (walker === undefined) this.#beginTurn(noticedMs)
        else walk(walker, dueMs, noticedMs, this.#ground)
      } else {
        this.#begin(dueMs, noticedMs)
        this.#dueMs = this.#arrival < this.#arrivalLimit ? this.#records.startMs + this.#nextArrivalMs() : Infinity
      }
    }
  }

  /** A closed user, who has no schedule to keep once the time is over. */
  #beginTurn(nowMs: number): void {
    if (nowMs < this.#records.endMs) this.#begin(nowMs, nowMs)
  }

  /** The next arrival, or the next turn of a closed user. */
  #begin(scheduledMs: number, noticedMs: number): void {
    const arrival = this.#arrival
    if (arrival >= this.#arrivalLimit) return
    this.#arrival += this.#arrivalStride
    const flow = this.#flows[this.#flowOf(arrival)]!
    const record = this.#records.at(scheduledMs)
    const { stateless } = flow
    if (stateless === undefined) {
      const walker: Walker = { flow, user: flow.user(arrival, this.#shared), record, next: 0, channel: undefined }
      this.#walkers.add(walker)
      return walk(walker, scheduledMs, noticedMs, this.#ground)
    }
    const { fixed } = stateless
    const variant = fixed.length === 1 ? 0 : Math.floor(drawOf(this.#plan.seed ^ VARIANT_SEED, arrival) * fixed.length)
    const work = this.#works.take(stateless.route, record, stateless.method, fixed[variant]!)
    work.expect = stateless.expectStatus
    this.#submit(work, scheduledMs, noticedMs)
  }

  #sendStep(walker: Walker, step: RequestStep, encoded: string, scheduledMs: number, noticedMs: number): void {
    const work = this.#works.take(step.route, walker.record, step.method, encoded)
    work.walker = walker
    work.step = step
    work.capture = step.capture
    this.#submit(work, scheduledMs, noticedMs)
  }

  #submit(work: Work, scheduledMs: number, noticedMs: number): void {
    work.record.notice(scheduledMs, noticedMs)
    work.scheduledMs = scheduledMs
    work.noticedMs = noticedMs
    work.sentMs = NaN
    work.retries = 0
    if (this.#traceEvery > 0 && --this.#untilTrace <= 0) {
      this.#untilTrace = this.#traceEvery
      const traced = withTraceparent(work.encoded, this.#random)
      work.traceId = traced.traceId
      work.encoded = traced.encoded
    }
    this.#underway++
    this.#transport.submit(work)
  }

  #answered(work: Work, answer: WireAnswer, nowMs: number): void {
    this.#underway--
    const { record, walker, step } = work
    const { status } = answer
    record.answer(work.route, work, nowMs, status, answer.bodyBytes)
    if (work.traceId !== '') this.#keepTrace(work, status, nowMs)
    if (work.expect !== undefined) record.check(work.expect.check, status === work.expect.status)
    const serviceMs = nowMs - work.sentMs
    const goesOn = walker !== undefined && step !== undefined && afterAnswer(walker, step, answer, serviceMs)
    this.#works.giveBack(work)
    // Last, because the next request overwrites the answer.
    if (walker === undefined) this.#turnEnded(nowMs, false)
    else if (goesOn) walk(walker, nowMs, nowMs, this.#ground)
    else this.#walkerEnded(walker, nowMs, false)
    this.#finishIfDrained()
  }

  #failed(work: Work, kind: string, nowMs: number): void {
    this.#underway--
    const { walker, record } = work
    const wasSent = !Number.isNaN(work.sentMs)
    record.failure(work.route, work, nowMs, kind)
    this.#works.giveBack(work)
    if (walker === undefined) this.#turnEnded(nowMs, !wasSent)
    else this.#walkerEnded(walker, nowMs, !wasSent)
    this.#finishIfDrained()
  }

  #keepTrace(work: Work, status: number, nowMs: number): void {
    const { record } = work
    record.slowest.offer({
      traceId: work.traceId,
      route: record.settings.routes[work.route]!,
      status,
      atMs: work.scheduledMs - record.settings.startMs,
      responseMs: nowMs - work.scheduledMs,
    })
  }

  #sleepWalker(walker: Walker, untilMs: number): void {
    this.#sleepers.add(untilMs, walker)
    this.#sleep()
  }

  #walkerEnded(walker: Walker, nowMs: number, failed: boolean): void {
    this.#walkers.delete(walker)
    this.#turnEnded(nowMs, failed)
    this.#finishIfDrained()
  }

  /** A closed user begins again at once: that is what makes the model closed. */
  #turnEnded(nowMs: number, failed: boolean): void {
    if (this.#plan.closed === undefined || this.#done || nowMs >= this.#records.endMs) return
    if (!failed) return this.#begin(nowMs, nowMs)
    this.#sleepers.add(nowMs + RETRY_AFTER_MS, undefined)
    this.#sleep()
  }

  #sweep(): void {
    this.#transport.sweep()
    this.#finishIfDrained()
  }

  #finishIfDrained(): void {
    if (this.#underway > 0 || this.#done || this.#owes) return
    const nowMs = this.#shell.now()
    if (nowMs < this.#records.endMs && !this.#isUsedUp) return
    if (this.#isTalking(nowMs)) return
    this.#finish('finished')
  }

  /** Users who think past the end are let go; what a conversation waits for is an answer under way like any other. */
  #isTalking(nowMs: number): boolean {
    if (this.#drainUntilMs === undefined) {
      this.#drainUntilMs = nowMs + this.#plan.timeoutMs
      for (const { channel } of this.#walkers) channel?.drain()
    }
    const channels = [...this.#walkers].flatMap(({ channel }) => channel ?? [])
    if (channels.length > 0 && nowMs < this.#drainUntilMs) return true
    for (const channel of channels) channel.close('timeout')
    return false
  }

  /** The data ran out and nobody is under way any more: waiting for the end would only water down the rates. */
  get #isUsedUp(): boolean {
    return this.#arrival >= this.#arrivalLimit && this.#walkers.size === 0 && this.#sleepers.size === 0
  }

  readonly #abort = (): void => this.#guard(() => this.#finish('aborted'))
  readonly #breach = (): void => {
    // Not within the record that is being written.
    setImmediate(() => this.#guard(() => this.#finish('threshold')))
  }

  #finish(stopped: LoadResult['stopped']): void {
    if (this.#done) return
    this.#done = true
    const nowMs = this.#shell.now()
    const { inFlight } = this.#transport
    for (const { channel } of this.#walkers) channel?.close()
    this.#release()
    const warnings = [...(this.#arrival >= this.#arrivalLimit ? [this.#limitReason] : []), ...this.#faults.told]
    this.#resolve({
      ...this.#records.finish(nowMs, inFlight),
      stopped,
      ...(warnings.length === 0 ? {} : { warnings }),
    })
  }

  #release(): void {
    this.#shell.signal?.removeEventListener('abort', this.#abort)
    for (const timer of this.#timers) clearTimeout(timer)
    this.#shell.pacer.close()
    this.#transport.close()
  }

  /** A defect in a callback must end the run with an error, not leave it waiting. */
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#defect(error)
    }
  }

  #defect(error: unknown): void {
    if (this.#done) return
    this.#done = true
    this.#release()
    this.#reject(error)
  }

  #showLive(): void {
    this.#shell.onInterval!(this.#records.live(this.#shell.now(), this.#transport.inFlight))
  }
}

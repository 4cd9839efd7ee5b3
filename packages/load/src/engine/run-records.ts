/** What is recorded of one run: its warm-up apart from its measured part, each answering only for its own time. */
import type { LoadInterval, LoadStep } from '@whetstone/model'
import type { LoadPlan } from '../plan.ts'
import { StepRecord } from '../record/step-record.ts'
import type { StepEnd, StepSettings } from '../record/step-record.ts'
import type { CompiledScenario } from '../scenario/compiled.ts'
import type { EngineShell, LiveInterval } from './live.ts'
import { liveInterval } from './live.ts'
import { arrivalsName, meanRate, requestsPerUser, startRate } from './plan-figures.ts'

export class RunRecords {
  /** These three on the engine's clock. */
  readonly startMs: number
  readonly measureFromMs: number
  readonly endMs: number
  readonly #plan: LoadPlan
  readonly #shell: EngineShell
  readonly #startedAt: Date
  readonly #warmUp: StepRecord | undefined
  readonly #measure: StepRecord
  #warmUpHost: ReturnType<EngineShell['host']['read']> | undefined

  /** `stop` ends the run for a broken limit. */
  constructor(plan: LoadPlan, scenario: CompiledScenario, shell: EngineShell, stop: () => void) {
    this.#plan = plan
    this.#shell = shell
    this.startMs = shell.startAtMs ?? shell.now()
    this.#startedAt = new Date(shell.date().getTime() + this.startMs - shell.now())
    this.measureFromMs = this.startMs + plan.warmUpMs
    this.endMs = this.measureFromMs + plan.durationMs
    const ofBoth = settingsOf(plan, scenario)
    const share = plan.closed ? 1 : 1 / (plan.segment?.of ?? 1)
    this.#warmUp =
      plan.warmUpMs === 0
        ? undefined
        : new StepRecord({
            ...ofBoth,
            purpose: 'warm-up',
            offeredRatePerSecond: startRate(plan) * share,
            startMs: this.startMs,
            durationMs: plan.warmUpMs,
          })
    const { onSecond, onSoFar } = shell
    this.#measure = new StepRecord({
      ...ofBoth,
      purpose: plan.purpose ?? 'measure',
      offeredRatePerSecond: meanRate(plan) * share,
      startMs: this.measureFromMs,
      durationMs: plan.durationMs,
      ...(onSecond || onSoFar
        ? {
            onSecond: (second: LoadInterval) => {
              onSecond?.(second, stop, () => this.#measure.checks())
              onSoFar?.(this.#measure.soFar(this.#measureEnd(second.atMs + (second.durationMs ?? 0))))
            },
          }
        : {}),
    })
  }

  /** The record that everything begun at this instant is filed under. */
  at(scheduledMs: number): StepRecord {
    return this.#warmUp !== undefined && scheduledMs < this.measureFromMs ? this.#warmUp : this.#measure
  }

  /** To be called at the boundary, so that the measured part answers only for its own CPU time. */
  endWarmUp(): void {
    this.#warmUpHost = this.#shell.host.read()
    this.#shell.host.reset()
  }

  /** Closes the seconds of the measured part that have passed, also without an outcome. */
  passed(nowMs: number): void {
    this.#measure.passed(nowMs)
  }

  live(nowMs: number, inFlight: number): LiveInterval {
    return liveInterval(this.at(nowMs), nowMs, inFlight)
  }

  /** The run has ended, with `inFlight` requests sent whose fate nobody will know. */
  finish(nowMs: number, inFlight: number): { readonly warmUp?: LoadStep; readonly measure: LoadStep } {
    const measured = Math.min(inFlight, this.#measure.open)
    this.#measure.abandon(measured)
    this.#warmUp?.abandon(inFlight - measured)
    const { warmUpMs, durationMs } = this.#plan
    // A whole run is as long as it was planned, to the last bit: sums of clock readings are not.
    const ranMs = nowMs >= this.endMs ? warmUpMs + durationMs : Math.max(0, nowMs - this.startMs)
    const warmUp = this.#warmUp?.finish({
      startedAt: this.#startedAt.toISOString(),
      durationMs: Math.min(ranMs, warmUpMs),
      ...(this.#warmUpHost ?? this.#shell.host.read()),
    })
    const measure = this.#measure.finish(this.#measureEnd(Math.max(0, ranMs - warmUpMs)))
    return { ...(warmUp === undefined ? {} : { warmUp }), measure }
  }

  #measureEnd(durationMs: number): StepEnd {
    const startedAt = new Date(this.#startedAt.getTime() + this.#plan.warmUpMs).toISOString()
    return { startedAt, durationMs, ...this.#shell.host.read() }
  }
}

/** What the warm-up and the measured part have in common. */
function settingsOf(
  plan: LoadPlan,
  scenario: CompiledScenario,
): Omit<StepSettings, 'purpose' | 'offeredRatePerSecond' | 'startMs' | 'durationMs'> {
  const { index, of } = plan.segment ?? { index: 0, of: 1 }
  const perUser = requestsPerUser(scenario)
  return {
    arrivals: arrivalsName(plan),
    ...(plan.shape === undefined || plan.closed ? {} : { shape: plan.shape.kind }),
    ...(plan.closed ? { users: Math.ceil((plan.closed.users - index) / of) } : {}),
    ...(plan.closed || perUser === 1 ? {} : { requestsPerUser: perUser }),
    routes: scenario.routes,
    checks: scenario.checks,
    spins: plan.pacing === 'spin',
  }
}

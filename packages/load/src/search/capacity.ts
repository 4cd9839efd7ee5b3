/** The largest offered rate that keeps the objective: bracketed, bisected, and confirmed by a longer load at the rate found. */
import type { CapacityResult, CapacityTrial, Interval, LoadStep, LoadThreshold } from '@whetstone/model'
import type { LoadPlan } from '../plan.ts'
import type { Bracket, BracketSettings } from './bracket.ts'
import { bracketOf, nextTry } from './bracket.ts'
import { loadPoint, uslOf } from './little.ts'
import type { Judgement } from './objective.ts'
import { judgeLooks, requestsNeeded } from './objective.ts'
import type { LoadsRun, SearchProgress, SearchShell } from './search.ts'
import { Loads } from './search.ts'

export interface CapacitySettings {
  /** At least one; all must hold. */
  readonly objective: readonly LoadThreshold[]
  /** Not exceeded. Default 20,000. */
  readonly largestPerSecond?: number
  /** Default a hundredth of the start, at least 0.1. */
  readonly smallestPerSecond?: number
  /** How narrow the bracket must be, as a fraction of its middle. Default 0.03. */
  readonly widthFraction?: number
  /** Looks at a rate that is too near the limit to be decided by one. Default 4. */
  readonly mostLooks?: number
  /** Loads in all. Default 60. */
  readonly mostLoads?: number
  /** Looks in a row that are thrown away for a late generator before the search gives up. Default 2. */
  readonly mostInvalid?: number
}

export interface CapacitySearch extends LoadsRun {
  readonly capacity: CapacityResult
}

/** Twice what the quantile needs, so that the interval has something to say; up to a minute at rates so low. */
const SAMPLE_MARGIN = 2
const LONGEST_LOOK_MS = 60_000
/** The confirmation, against a look. */
const CONFIRM_TIMES = 2

/** `base` says what to send; its rate is where the search begins, its duration and warm-up are those of each look. */
export async function findCapacity(
  base: LoadPlan,
  settings: CapacitySettings,
  shell: SearchShell,
): Promise<CapacitySearch> {
  return await new Search(base, settings, shell).run()
}

interface Rate extends Judgement {
  readonly ratePerSecond: number
  readonly looks: readonly LoadStep[]
}

class Search {
  readonly #base: LoadPlan
  readonly #objective: readonly LoadThreshold[]
  readonly #bracket: BracketSettings
  readonly #mostLooks: number
  readonly #mostLoads: number
  readonly #mostInvalid: number
  readonly #loads: Loads
  readonly #trials: CapacityTrial[] = []
  readonly #rates = new Map<number, Rate>()
  /** Looks in a row in which the generator could not keep its schedule. */
  #invalid = 0

  constructor(base: LoadPlan, settings: CapacitySettings, shell: SearchShell) {
    this.#base = base
    this.#objective = settings.objective
    this.#bracket = {
      startPerSecond: base.ratePerSecond,
      smallestPerSecond: settings.smallestPerSecond ?? Math.max(0.1, base.ratePerSecond / 100),
      largestPerSecond: settings.largestPerSecond ?? 20_000,
      widthFraction: settings.widthFraction ?? 0.03,
    }
    this.#mostLooks = settings.mostLooks ?? 4
    this.#mostLoads = settings.mostLoads ?? 60
    // One look may fall into a pause of the host; a generator that cannot keep a rate fails every time.
    this.#mostInvalid = settings.mostInvalid ?? 2
    this.#loads = new Loads({ ...base, purpose: 'curve' }, shell)
  }

  async run(): Promise<CapacitySearch> {
    for (;;) {
      const next = nextTry([...this.#rates.values()], this.#bracket)
      if (next.kind === 'try') await this.#try(next.ratePerSecond, next.stage)
      else if (next.kind !== 'found') return this.#end(next.kind)
      else if (await this.#isConfirmed(next.held)) return this.#end('found')
      if (this.#isOver) return this.#end(this.#hasInvalid ? this.#outcomeOfInvalid() : 'undecided')
    }
  }

  async #try(ratePerSecond: number, stage: SearchProgress['stage']): Promise<void> {
    for (let look = 1; look <= this.#mostLooks && !this.#isOver; look++) {
      const { sure } = await this.#look(ratePerSecond, stage, 1)
      if (sure) return
    }
  }

  /** A rate that passed by luck fails here, and the bisection goes on below it. */
  async #isConfirmed(ratePerSecond: number): Promise<boolean> {
    const { held } = await this.#look(ratePerSecond, 'confirm', CONFIRM_TIMES)
    return held && this.#loads.stopped === 'finished'
  }

  async #look(ratePerSecond: number, stage: SearchProgress['stage'], times: number): Promise<Judgement> {
    const ran = await this.#loads.run(
      { ratePerSecond, durationMs: times * this.#lookMs(ratePerSecond) },
      { stage, ...bracketOf([...this.#rates.values()]) },
    )
    if (ran === undefined) return { held: false, sure: false }
    const { step, at } = ran
    if (step.generator.verdict === 'invalid') return this.#refused(step, at)
    this.#invalid = 0
    const looks = [...(this.#rates.get(ratePerSecond)?.looks ?? []), step]
    const judgement = judgeLooks(looks, this.#objective)
    if (this.#loads.stopped === 'finished') this.#rates.set(ratePerSecond, { ...judgement, ratePerSecond, looks })
    this.#trials.push(trialOf(step, at, judgement))
    return judgement
  }

  /** A late generator measures its own lateness, so this look says nothing of the service. */
  #refused(step: LoadStep, at: number): Judgement {
    this.#invalid++
    const judgement = { held: false, sure: false, reason: `thrown away: ${step.generator.reasons.join('; ')}` }
    this.#trials.push(trialOf(step, at, judgement))
    return judgement
  }

  #lookMs(ratePerSecond: number): number {
    const neededMs = (SAMPLE_MARGIN * requestsNeeded(this.#objective) * 1000) / ratePerSecond
    return Math.max(this.#base.durationMs, Math.min(LONGEST_LOOK_MS, Math.ceil(neededMs / 1000) * 1000))
  }

  get #isOver(): boolean {
    return this.#hasInvalid || this.#loads.stopped !== 'finished' || this.#trials.length >= this.#mostLoads
  }

  get #hasInvalid(): boolean {
    return this.#invalid >= this.#mostInvalid
  }

  /** What held before the generator fell behind held all the same: it is only not known how much more would have. */
  #outcomeOfInvalid(): CapacityResult['outcome'] {
    const { held, notHeld } = bracketOf([...this.#rates.values()])
    if (held === undefined) return 'invalid'
    return notHeld === undefined ? 'above-largest-tried' : 'undecided'
  }

  #end(outcome: CapacityResult['outcome']): CapacitySearch {
    const bracket = bracketOf([...this.#rates.values()])
    const measured = [...this.#rates.values()].flatMap(({ looks }) => looks)
    const ratePerSecond = outcome === 'invalid' ? undefined : this.#rateWithin(bracket)
    return {
      ...this.#loads.ran,
      capacity: {
        objective: this.#objective,
        outcome,
        ...(ratePerSecond !== undefined && { ratePerSecond }),
        ...(this.#hasInvalid && { endedBy: 'generator' as const }),
        trials: this.#trials,
        ...(this.#hasInvalid
          ? { refusal: 'the generator could not keep its schedule' }
          : uslOf(measured, this.#base.seed)),
      },
    }
  }

  /** Between the ends of the bracket, where a straight line through the logarithms of their values meets the limit. */
  #rateWithin({ held, notHeld }: Bracket): Interval | undefined {
    if (held === undefined) return undefined
    if (notHeld === undefined) return { estimate: held, low: held, high: held }
    const limit = this.#objective[0]!.limit
    const below = Math.log(this.#rates.get(held)!.value?.estimate ?? NaN)
    const above = Math.log(this.#rates.get(notHeld)!.value?.estimate ?? NaN)
    const part = (Math.log(limit) - below) / (above - below)
    const inside = part >= 0 && part <= 1 ? part : 0.5
    return { estimate: held + inside * (notHeld - held), low: held, high: notHeld }
  }
}

function trialOf(step: LoadStep, at: number, { held, sure, reason, value, furtherValues }: Judgement): CapacityTrial {
  return {
    offeredRatePerSecond: step.offeredRatePerSecond,
    achievedRatePerSecond: step.achievedRatePerSecond,
    held,
    ...(reason !== undefined ? { reason } : sure ? {} : { reason: 'too near the limit for one look' }),
    ...(value !== undefined && { value: finite(value, step) }),
    ...(furtherValues !== undefined && {
      furtherValues: furtherValues.map(further => ({ ...further, value: finite(further.value, step) })),
    }),
    concurrency: loadPoint(step).concurrency,
    step: at,
  }
}

/** A quantile that lies among the errors is as large as the slowest answer at least; JSON has no infinity. */
function finite(value: Interval, { overall }: LoadStep): Interval {
  const most = (overall.response.max ?? 0) / 1000
  const capped = (end: number) =>
    Number.isFinite(end) ? end : Math.max(most, Number.isFinite(value.estimate) ? value.estimate : 0)
  return { estimate: capped(value.estimate), low: capped(value.low), high: capped(value.high) }
}

/** Past the knee and back: climbs until goodput no longer follows, goes to twice that rate, drops to half of it and watches. */
import type { LoadStep, StressResult } from '@whetstone/model'
import type { LoadPlan } from '../plan.ts'
import type { Goodput } from './goodput.ts'
import { goodputOf } from './goodput.ts'
import { p95Ms, recoveryMs } from './recovery.ts'
import type { LoadsRun, SearchProgress, SearchShell } from './search.ts'
import { Loads } from './search.ts'

export interface StressSettings {
  /** Not exceeded. Default 20,000. */
  readonly largestPerSecond?: number
  /** Between one rate and the next. Default 1.4: two steps double it. */
  readonly growth?: number
}

export interface StressTest extends LoadsRun {
  readonly stress: StressResult
}

/** Goodput follows the offered rate as long as so much of it is answered. */
const FOLLOWS = 0.95
const PAST_KNEE = 2
const AFTERWARDS = 0.5
/** Lengths of a rung: one of overload, then four and more in which to recover. */
const FEWEST_RECOVERY_RUNGS = 4
/** What waits when the overload ends fails one timeout later; only then the service can show that it is back. */
const RECOVERY_TIMEOUTS = 2
const COLLAPSED_BELOW = 0.8
const MOST_RUNGS = 40

interface Rung {
  readonly step: LoadStep
  readonly offeredPerSecond: number
  readonly goodput: Goodput
}

/** One load may fall into a pause of the host; a generator that cannot keep a rate fails every time. */
const MOST_LATE = 2

/** `base` says what to send; its rate is the first rung, which must be easy, its duration and warm-up are those of each rung. */
export async function runStress(base: LoadPlan, settings: StressSettings, shell: SearchShell): Promise<StressTest> {
  const loads = new Loads(base, shell)
  const { rungs, isLate } = await climb(loads, base, settings)
  const followed = rungs.filter(follows)
  const peak = Math.max(0, ...rungs.map(({ goodput }) => goodput.perSecond))
  // A service that did not even follow the first rung has no calm to return to.
  const knee = followed.length === rungs.length ? undefined : followed.at(-1)?.offeredPerSecond
  const isTooMuch = rungs.length > 0 && followed.length === 0
  const endedBy = isLate ? 'generator' : isTooMuch && loads.stopped === 'finished' ? 'first-rate' : undefined
  const end = (more: Partial<StressResult>): StressTest => ({
    ...loads.ran,
    stress: {
      ...(knee !== undefined && { kneePerSecond: knee }),
      peakGoodputPerSecond: peak,
      collapsed: false,
      ...(endedBy !== undefined && { endedBy }),
      ...more,
    },
  })
  if (knee === undefined || loads.stopped !== 'finished') return end({})
  const past = rungs.filter(({ offeredPerSecond }) => offeredPerSecond > knee).map(({ goodput }) => goodput.perSecond)
  const overload = await overloadAndWatch(loads, base, knee)
  if (overload === undefined) return end({ goodputPastKneePerSecond: Math.min(...past) })
  // Of an overload that was not sent as it was due there is nothing to tell, nor of the way back from it.
  if (overload === 'late') return end({ goodputPastKneePerSecond: Math.min(...past), endedBy: 'generator' })
  const goodputPastKnee = Math.min(...past, overload.goodputPerSecond)
  const recovered = recoveryMs(
    overload.step.intervals,
    overload.untilMs,
    calmP95Ms(calmest(followed, knee), base.warmUpMs),
  )
  return end({
    goodputPastKneePerSecond: goodputPastKnee,
    collapsed: goodputPastKnee < COLLAPSED_BELOW * peak,
    ...(recovered !== undefined && { recoveryMs: recovered }),
    ...(loads.stopped === 'finished' && { watchedMs: overload.step.durationMs - overload.untilMs }),
  })
}

/**
 * Rung by rung, and one more after the first that was not followed: a single one may be a hiccup. The warm-up is part of each
 * load here and left out of the counting, for the queue it leaves behind would hold back the answers of a step of its own.
 */
async function climb(loads: Loads, base: LoadPlan, { largestPerSecond = 20_000, growth = 1.4 }: StressSettings) {
  const rungs: Rung[] = []
  const change = { durationMs: base.durationMs + base.warmUpMs, warmUpMs: 0, purpose: 'curve' } as const
  let ratePerSecond = Math.min(base.ratePerSecond, largestPerSecond)
  let fallenBehind = 0
  while (fallenBehind < 2 && rungs.length < MOST_RUNGS) {
    const step = await inTime(loads, { ...change, ratePerSecond }, 'climb')
    if (step === 'late') return { rungs, isLate: true }
    if (step === undefined) break
    const rung = { step, offeredPerSecond: ratePerSecond, goodput: goodputOf(step, base.warmUpMs) }
    rungs.push(rung)
    fallenBehind = follows(rung) ? 0 : fallenBehind + 1
    if (loads.stopped !== 'finished' || ratePerSecond >= largestPerSecond) break
    ratePerSecond = Math.min(largestPerSecond, ratePerSecond * growth)
  }
  return { rungs, isLate: false }
}

/** Sent again where the generator was late, for then it cannot say what the service would have done; undefined once it is stopped. */
async function inTime(
  loads: Loads,
  change: Partial<LoadPlan>,
  stage: SearchProgress['stage'],
): Promise<LoadStep | 'late' | undefined> {
  for (let late = 0; late < MOST_LATE; late++) {
    const ran = await loads.run(change, { stage })
    if (ran === undefined) return undefined
    if (ran.step.generator.verdict !== 'invalid') return ran.step
    if (loads.stopped !== 'finished') return undefined
  }
  return 'late'
}

/** In one load, because between two of them the queue would drain unseen. */
async function overloadAndWatch(loads: Loads, base: LoadPlan, knee: number) {
  const rungs = Math.max(FEWEST_RECOVERY_RUNGS, Math.ceil((RECOVERY_TIMEOUTS * base.timeoutMs) / base.durationMs))
  const rates = [PAST_KNEE * knee, ...Array.from({ length: rungs }, () => AFTERWARDS * knee)]
  const step = await inTime(
    loads,
    {
      ratePerSecond: rates.reduce((sum, rate) => sum + rate, 0) / rates.length,
      shape: { kind: 'stairs', ratesPerSecond: rates },
      durationMs: base.durationMs * rates.length,
      // It would come at the overload's rate.
      warmUpMs: 0,
      purpose: 'recovery',
    },
    'recovery',
  )
  if (step === undefined || step === 'late') return step
  const untilMs = base.durationMs
  const inOverload = step.intervals.filter(({ atMs }) => atMs < untilMs)
  const answered = inOverload.reduce((sum, { response }) => sum + response.count, 0)
  const nextMs = step.intervals[inOverload.length]?.atMs ?? step.durationMs
  return { step, untilMs, goodputPerSecond: nextMs === 0 ? 0 : (answered * 1000) / nextMs }
}

function calmP95Ms({ step: { intervals } }: Rung, warmUpMs: number): number {
  return p95Ms(intervals.filter(({ atMs }) => atMs >= warmUpMs))
}

/** The rung whose rate is nearest to the one at which the recovery is watched. */
function calmest(followed: readonly Rung[], knee: number): Rung {
  const off = ({ offeredPerSecond }: Rung) => Math.abs(offeredPerSecond - AFTERWARDS * knee)
  return followed.toSorted((left, right) => off(left) - off(right))[0]!
}

/** Random arrivals are now more, now fewer than were asked for: two standard deviations of their number are forgiven. */
function follows({ step, goodput: { perSecond, seconds } }: Rung): boolean {
  const due = step.offeredRatePerSecond
  const luck = step.arrivals === 'poisson' && seconds > 0 ? 2 * Math.sqrt(due / seconds) : 0
  return perSecond >= FOLLOWS * due - luck
}

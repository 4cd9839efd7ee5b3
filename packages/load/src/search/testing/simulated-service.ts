/** A service that exists only as a queue: so many slots, first come first served, its answers computed and not waited for. */
import type { GeneratorHealth, LoadInterval, LoadStep } from '@whetstone/model'
import { exponential, Histogram, seededRandom, type Random } from '@whetstone/stats'
import { arrivalsOf } from '../../arrivals/arrivals.ts'
import { meanRatePerSecond } from '../../arrivals/rate-curve.ts'
import type { LoadResult } from '../../engine/live.ts'
import type { LoadPlan } from '../../plan.ts'

export interface SimulatedService {
  readonly slots: number
  readonly meanServiceMs: number
  /** Times the mean; default exponential. `atMs` counts over all plans that were run. */
  readonly serviceTime?: (random: Random, atMs: number, waiting: number) => number
  /** More are refused at once with a 503. Default: all may wait. */
  readonly mostWaiting?: number
  /** What the generator says of itself at a rate; default healthy. */
  readonly generator?: (ratePerSecond: number) => GeneratorHealth['verdict']
}

interface Answered {
  readonly dueMs: number
  readonly endMs: number
  readonly failed: boolean
}

const route = 'GET /'

/** Runs plans one after the other against it; each begins with empty slots, as after a pause. */
export function simulated(service: SimulatedService): (plan: LoadPlan) => Promise<LoadResult> {
  let beganMs = 0
  return async plan => {
    const answers = answersTo(service, plan, beganMs)
    beganMs += plan.warmUpMs + plan.durationMs
    const verdict = service.generator?.(plan.ratePerSecond) ?? 'healthy'
    const stepOf = (fromMs: number, lengthMs: number, purpose: LoadStep['purpose']) =>
      stepFrom(
        answers.filter(({ dueMs }) => dueMs >= fromMs && dueMs < fromMs + lengthMs),
        { plan, fromMs, lengthMs, purpose, verdict },
      )
    return {
      ...(plan.warmUpMs > 0 && { warmUp: stepOf(0, plan.warmUpMs, 'warm-up') }),
      measure: stepOf(plan.warmUpMs, plan.durationMs, plan.purpose ?? 'measure'),
      stopped: 'finished',
    }
  }
}

function answersTo(service: SimulatedService, plan: LoadPlan, beganMs: number): Answered[] {
  const { slots, meanServiceMs, mostWaiting = Infinity } = service
  const random = seededRandom(plan.seed + 1)
  const freeAtMs = new Float64Array(slots)
  const next = arrivalsOf(plan)
  const answers: Answered[] = []
  // First come first served, so these rise, and those still waiting are at the end.
  const startsMs: number[] = []
  let begun = 0
  for (let dueMs = next(); dueMs !== Infinity; dueMs = next()) {
    while (begun < startsMs.length && startsMs[begun]! <= dueMs) begun++
    const waiting = startsMs.length - begun
    if (waiting >= mostWaiting) {
      answers.push({ dueMs, endMs: dueMs + 0.1, failed: true })
      continue
    }
    let slot = 0
    for (let other = 1; other < slots; other++) if (freeAtMs[other]! < freeAtMs[slot]!) slot = other
    const startMs = Math.max(dueMs, freeAtMs[slot]!)
    startsMs.push(startMs)
    const times = service.serviceTime?.(random, beganMs + dueMs, waiting) ?? exponential(random)
    const endMs = (freeAtMs[slot] = startMs + times * meanServiceMs)
    const tooLate = endMs - dueMs > plan.timeoutMs
    answers.push({ dueMs, endMs: tooLate ? dueMs + plan.timeoutMs : endMs, failed: tooLate })
  }
  return answers
}

interface StepFrame {
  readonly plan: LoadPlan
  readonly fromMs: number
  readonly lengthMs: number
  readonly purpose: LoadStep['purpose']
  readonly verdict: GeneratorHealth['verdict']
}

function stepFrom(answers: readonly Answered[], { plan, fromMs, lengthMs, purpose, verdict }: StepFrame): LoadStep {
  const seconds = Math.ceil(lengthMs / 1000)
  const series = Array.from({ length: seconds }, () => ({ requests: 0, errors: 0, response: new Histogram() }))
  const response = new Histogram()
  let errors = 0
  for (const { dueMs, endMs, failed } of answers) {
    const second = series[Math.min(seconds - 1, Math.floor((endMs - fromMs) / 1000))]!
    second.requests++
    if (failed) {
      errors++
      second.errors++
    } else {
      second.response.record((endMs - dueMs) * 1000)
      response.record((endMs - dueMs) * 1000)
    }
  }
  const offered = plan.shape === undefined ? plan.ratePerSecond : meanRatePerSecond(plan.shape, plan.durationMs)
  const record = { requests: answers.length, errors, response: response.toJSON(), service: response.toJSON() }
  return {
    purpose,
    startedAt: '2026-11-21T12:00:00.000Z',
    offeredRatePerSecond: offered,
    achievedRatePerSecond: (answers.length * 1000) / lengthMs,
    durationMs: lengthMs,
    arrivals: plan.arrivals,
    sent: answers.length,
    completed: answers.length,
    errors,
    errorsByKind: errors > 0 ? { 'http-503': errors } : {},
    routes: [{ route, ...record, statusCounts: {}, meanBodyBytes: 0, maxBodyBytes: 0 }],
    overall: record,
    intervals: series.map((second, at): LoadInterval => ({
      atMs: at * 1000,
      ...second,
      response: second.response.toJSON(),
    })),
    generator: { verdict, reasons: [], lagP50Ms: 0.1, lagP99Ms: 0.3, lagMaxMs: 1, cpuFraction: 0.1 },
  }
}

/** What of a step is judged: all that came after it settled. */
import { Histogram } from '@whetstone/stats'
import { describe, expect, it } from 'vitest'
import { answers, madeStep } from '../thresholds/testing/made-step.ts'
import { withSteadyState } from './steady-state.ts'

const seconds = (...medians: readonly number[]) => medians.map(median => [answers(median)])
const settled = [20, 21, 19, 20, 20, 21, 19, 20, 21, 20]

describe('withSteadyState', () => {
  it('leaves out a slow beginning, which stays in the intervals', () => {
    const step = withSteadyState(madeStep(seconds(90, 60, 40, ...settled)))
    expect(step.steadyState).toMatchObject({ kind: 'steady', excludedMs: 3_000 })
    expect(Histogram.fromJSON(step.steadyState!.response).count).toBe(1_000)
    expect(Histogram.fromJSON(step.steadyState!.response).max).toBe(21_000)
    expect(step.intervals).toHaveLength(13)
    expect(step.overall.response.count).toBe(1_300)
  })

  it('keeps everything of what never settles, and says so', () => {
    const step = withSteadyState(madeStep(seconds(...Array.from({ length: 20 }, (_, at) => 20 + at * 5))))
    expect(step.steadyState).toMatchObject({ kind: 'never-steady', excludedMs: 0 })
    expect(step.steadyState!.response.count).toBe(2_000)
  })

  it('takes a second without an answer for a slow one', () => {
    const dead = Array.from({ length: 4 }, () => [answers(0, { status: 0 })])
    expect(withSteadyState(madeStep([...dead, ...seconds(...settled)])).steadyState?.excludedMs).toBe(4_000)
  })

  it('says nothing of a short step, or of one whose rate moves', () => {
    const short = madeStep(seconds(...settled.slice(0, 9)))
    expect(withSteadyState(short)).toBe(short)
    const moving = { ...madeStep(seconds(90, ...settled)), shape: 'ramp' as const }
    expect(withSteadyState(moving)).toBe(moving)
  })
})

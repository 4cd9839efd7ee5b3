import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normal, seededRandom } from './random.ts'
import { midRanks } from './ranks.ts'
import { plainCut } from './reference/plain-steady.ts'
import { steadyFrom } from './steady.ts'

const random = seededRandom(21)
const series = (length: number, level: (at: number) => number) =>
  Array.from({ length }, (_, at) => level(at) + normal(random))
/** How many of 200 series are found steady, and how much of them is left out in the middle and at most in nine of ten. */
function outcomes(make: () => number[]) {
  const found = Array.from({ length: 200 }, () => steadyFrom(make())!)
  const cuts = found.filter(({ steady }) => steady).map(({ from }) => from)
  cuts.sort((left, right) => left - right)
  return { steady: cuts.length, middle: cuts[Math.floor(cuts.length / 2)]!, late: cuts[Math.floor(cuts.length * 0.9)]! }
}

describe('steady state', () => {
  it('leaves out a slow beginning and nothing else', () => {
    expect(steadyFrom([90, 60, 30, 11, 10, 12, 11, 10, 12, 11, 10, 12])).toEqual({ steady: true, from: 3 })
    expect(steadyFrom([11, 10, 12, 11, 10, 12, 11, 10, 12, 11])).toEqual({ steady: true, from: 0 })
  })

  it('is not reached by what grows to the end', () => {
    expect(steadyFrom(Array.from({ length: 20 }, (_, at) => at))).toEqual({ steady: false, from: 0 })
  })

  it('cuts where trying every cut does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 10, maxLength: 60 }), values => {
        const found = steadyFrom(values)!
        if (found.steady) expect(found.from).toBe(plainCut(midRanks(values)))
      }),
      { numRuns: 500 },
    )
  })

  it('keeps nearly all of a series that was steady all along, also with a slow second in it', () => {
    const flat = outcomes(() => series(60, () => 30))
    expect(flat.steady).toBeGreaterThan(190)
    expect(flat.late).toBeLessThanOrEqual(6)
    const paused = outcomes(() => series(60, at => (at === 10 ? 90 : 30)))
    expect(paused.steady).toBeGreaterThan(190)
    expect(paused.late).toBeLessThanOrEqual(6)
  })

  it('finds where a step down or a slow decay ends', () => {
    const step = outcomes(() => series(60, at => (at < 15 ? 36 : 30)))
    expect(step.steady).toBeGreaterThan(185)
    expect(step.middle).toBe(15)
    const decay = outcomes(() => series(60, at => 30 + 20 * Math.exp(-at / 5)))
    expect(decay.steady).toBeGreaterThan(180)
    // After 9 to 18 values the decay has sunk into the noise: 20 e^(-9/5) = 3.3, 20 e^(-18/5) = 0.5.
    expect(decay.middle).toBeGreaterThanOrEqual(9)
    expect(decay.middle).toBeLessThanOrEqual(18)
  })

  it('notices a drift of six times the noise', () => {
    expect(outcomes(() => series(60, at => 30 + at / 10)).steady).toBeLessThan(40)
  })

  it('says nothing about fewer than ten values, and something about equal ones', () => {
    expect(steadyFrom([1, 2, 3, 4, 5, 6, 7, 8, 9])).toBeUndefined()
    expect(steadyFrom(Array.from({ length: 10 }, () => 4))).toEqual({ steady: true, from: 0 })
  })
})

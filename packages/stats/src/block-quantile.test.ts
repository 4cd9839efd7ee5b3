import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Interval } from './binomial.ts'
import { blockQuantile, type Block } from './block-quantile.ts'
import { Histogram } from './histogram.ts'
import { histogramQuantileInterval } from './quantile.ts'
import { normal, seededRandom, type Random } from './random.ts'
import { plainQuantile } from './reference/plain-quantile.ts'

function block(values: readonly number[], endless = 0): Block {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  return { values: histogram, endless }
}

/** Values whose level wanders, as response times do behind a queue; each block of 50 has its own stretch of it. */
function wandering(blocks: number, memory: number, random: Random): Block[] {
  let level = normal(random)
  return Array.from({ length: blocks }, () =>
    block(
      Array.from({ length: 50 }, () => {
        level = memory * level + Math.sqrt(1 - memory * memory) * normal(random)
        return Math.max(0, 10_000 + 1_000 * (level + normal(random)))
      }),
    ),
  )
}

/** How often the interval of 15 blocks holds the true 95 % point. */
function covered(memory: number, intervalOf: (blocks: readonly Block[]) => Interval): number {
  const random = seededRandom(31)
  // The sum of two standard normals has the standard deviation √2; its 95 % point lies 1.645 of them up.
  const truth = 10_000 + 1_000 * Math.SQRT2 * 1.6449
  const intervals = Array.from({ length: 600 }, () => intervalOf(wandering(15, memory, random)))
  return intervals.filter(({ low, high }) => low <= truth && truth <= high).length / 600
}

function bySingleValues(blocks: readonly Block[]): Interval {
  const pooled = new Histogram()
  for (const { values } of blocks) pooled.merge(values)
  return histogramQuantileInterval(pooled, 0.95)
}

describe('quantile by blocks', () => {
  it('is the quantile of all values together', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1 }), { minLength: 3, maxLength: 8 }),
        fc.constantFrom(0.5, 0.9, 0.95),
        (blocks, q) => {
          const { estimate, low, high } = blockQuantile(
            blocks.map(values => block(values)),
            q,
          )
          expect(estimate).toBe(plainQuantile(blocks.flat(), q))
          expect(low).toBeLessThanOrEqual(estimate)
          expect(high).toBeGreaterThanOrEqual(estimate)
        },
      ),
    )
  })

  it('covers the truth about as often as it says, for independent values and for those with a memory', () => {
    const byBlocks = (blocks: readonly Block[]) => blockQuantile(blocks, 0.95)
    expect(covered(0, byBlocks)).toBeGreaterThan(0.92)
    expect(covered(0.9, byBlocks)).toBeGreaterThan(0.9)
    // The memory of 0.97 reaches over 66 values, more than a block has: some of the truth is lost. By single values, far more.
    expect(covered(0.97, byBlocks)).toBeGreaterThan(0.84)
    expect(covered(0.97, bySingleValues)).toBeLessThan(0.65)
  })

  it('is wider where blocks differ, though the values are the same', () => {
    const values = Array.from({ length: 100 }, (_, at) => at)
    const spread = (blocks: readonly Block[]) => {
      const { low, high } = blockQuantile(blocks, 0.5)
      return high - low
    }
    const alike = Array.from({ length: 10 }, (_, at) => block(values.filter(value => value % 10 === at)))
    const apart = Array.from({ length: 10 }, (_, at) => block(values.filter(value => Math.floor(value / 10) === at)))
    expect(spread(alike)).toBeLessThan(15)
    expect(spread(apart)).toBeGreaterThan(50)
  })

  it('knows how much a value that many share varies', () => {
    const blocks = [0, 0, 30, 0, 0, 4].map(slow =>
      block([...Array.from({ length: 100 - slow }, () => 10), ...Array.from({ length: slow }, () => 100)]),
    )
    expect(blockQuantile(blocks, 0.95)).toMatchObject({ estimate: 100, low: 10 })
  })

  it('counts what was never answered as slower than all', () => {
    const blocks = Array.from({ length: 4 }, () => block([10, 20, 30, 40], 1))
    expect(blockQuantile(blocks, 0.8)).toEqual({ estimate: 40, low: 40, high: Infinity })
    expect(blockQuantile(blocks, 0.95).estimate).toBe(Infinity)
  })

  it('has no answer without values, and refuses too few blocks', () => {
    expect(blockQuantile([block([]), block([]), block([])], 0.5).estimate).toBeNaN()
    expect(() => blockQuantile([block([1]), block([2])], 0.5)).toThrow('not 2')
  })
})

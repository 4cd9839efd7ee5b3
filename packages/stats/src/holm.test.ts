import { describe, expect, it } from 'vitest'
import { holm } from './holm.ts'

describe('Holm correction', () => {
  it('multiplies by the number of questions still open, and never falls', () => {
    const adjusted = holm([0.04, 0.01, 0.03, 0.005])
    // Sorted: 0.005 × 4, 0.01 × 3, 0.03 × 2, 0.04 × 1 lifted to the 0.06 before it.
    expect(adjusted.map(p => Number(p.toFixed(9)))).toEqual([0.06, 0.03, 0.06, 0.02])
  })

  it('never exceeds 1 and leaves a single question alone', () => {
    expect(holm([0.6, 0.7])).toEqual([1, 1])
    expect(holm([0.03])).toEqual([0.03])
    expect(holm([])).toEqual([])
  })
})

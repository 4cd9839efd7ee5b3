import { describe, expect, it } from 'vitest'
import { bench } from './trial-aa.ts'

describe('bench trial-aa', () => {
  it('simulates trials and runs real ones, keeping none of a quick run', async () => {
    const lines: string[] = []
    const { runs, figures } = await bench.run({ quick: true, log: line => lines.push(line) })
    expect(runs).toBe(27)
    expect(figures).toMatchObject({ simulatedRuns: 25, realRuns: 1, plantedRuns: 1 })
    expect(figures.falseVerdictFraction).toBeLessThan(0.1)
    expect(figures.realRunIds).toHaveLength(1)
    expect(lines).toHaveLength(7)
  })
})

import { describe, expect, it } from 'vitest'
import { bench } from './trial-aa.ts'
import { calibratedSteps, runRealTrial } from './trial-aa/real.ts'

describe('bench trial-aa', () => {
  it('simulates trials and runs real ones, keeping none of a quick run', async () => {
    const lines: string[] = []
    const { runs, figures } = await bench.run({ quick: true, log: line => lines.push(line) })
    expect(runs).toBe(27)
    expect(figures).toMatchObject({ simulatedRuns: 25, realRuns: 1, plantedRuns: 1 })
    expect(figures.falseVerdictFraction).toBeLessThan(0.1)
    expect(figures.foundAt20PercentSimulated).toBeGreaterThan(0.8)
    // Two pairs are too few for any verdict, whatever the machine was doing.
    expect(lines.slice(5)).toEqual([
      expect.stringMatching(/-same-1: unclear \(/),
      expect.stringMatching(/-planted-2: unclear \(/),
    ])
    expect(figures).toMatchObject({ falseVerdictFractionReal: 0, equalFractionReal: 0, foundAt20Percent: 0 })
    expect(figures.realRunIds).toEqual([expect.stringMatching(/-same-1$/)])
  })

  it('plants CPU time in one arm of a real trial', async () => {
    const { blocks } = await runRealTrial({
      cpuRatio: 4,
      stepsPerRequest: calibratedSteps(),
      seed: 1,
      pairs: 1,
      blockMs: 100,
      warmUpMs: 30,
    })
    const cpuMs = (arm: 'a' | 'b') =>
      blocks
        .filter(block => block.arm === arm)
        .flatMap(block => block.metrics)
        .find(({ name }) => name === 'cpuMsPerRequest')!.value
    expect(new Set(blocks.map(block => block.pid)).size).toBe(blocks.length)
    expect(blocks.filter(block => block.requests === 0 || block.errors > 0)).toEqual([])
    // A request costs more than what is planted, so four times that is not four times all.
    expect(cpuMs('b')).toBeGreaterThan(2 * cpuMs('a'))
  })
})

/** The heap of a service, looked at from outside: what stays after full collections, and which function allocated it. */
import { describe, expect, test } from 'vitest'
import { fixturePath, runFixture, type RunningFixture } from './testing/observe-fixture.ts'

const file = 'probe-services/leaky.mjs'

/** Five rounds of requests with a collection after each; the first and the last with the allocations. */
async function grown(running: RunningFixture, path: string) {
  const { receiver } = running
  for (let warm = 0; warm < 60; warm++) await running.ask(path)
  await receiver.reset()
  receiver.sampleHeap(true)
  for (let round = 0; round < 5; round++) {
    for (let request = 0; request < 60; request++) await running.ask(path)
    await receiver.collectHeap(round === 0 || round === 4)
  }
  const process = receiver.evidence()['heap-profile'].processes[0]!
  const kept = process.collections.map(({ keptBytes }) => keptBytes)
  return { process, grownBytes: kept.at(-1)! - kept[0]! }
}

describe('the heap of a service', () => {
  test('that keeps something of every request grows, and the function that allocates it is named', async () => {
    const running = await runFixture({ file })
    try {
      const { process, grownBytes } = await grown(running, '/leak')
      expect(process.collections).toHaveLength(5)
      expect(process.collections.map(({ requests }) => requests)).toEqual([120, 180, 240, 300, 360])
      expect(grownBytes).toBeGreaterThan(240 * 500 * 8 * 0.9)
      const [site] = process.sites
      expect(site?.frame).toMatchObject({ file: fixturePath(file), function: 'remember', line: 8 })
      expect(site!.lastBytes).toBeGreaterThan(2 * site!.firstBytes)
      expect(process.heapLimitBytes).toBeGreaterThan(100e6)
    } finally {
      await running.stop()
    }
  })

  test('that keeps a bounded number does not', async () => {
    const running = await runFixture({ file })
    try {
      const { grownBytes } = await grown(running, '/bounded')
      expect(grownBytes).toBeLessThan(600_000)
      expect(running.receiver.warnings()).toEqual([])
    } finally {
      await running.stop()
    }
  })

  test('begins a window with what the warm-up left', async () => {
    const running = await runFixture({ file })
    try {
      await running.ask('/bounded')
      await running.receiver.collectHeap()
      await running.receiver.collectHeap()
      await running.receiver.reset()
      const [process] = running.receiver.evidence()['heap-profile'].processes
      expect(process?.collections).toHaveLength(1)
      expect(process?.sites).toEqual([])
    } finally {
      await running.stop()
    }
  })
})

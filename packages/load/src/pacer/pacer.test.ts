/** Pacers: never early by more than they say, never lost, and silent once closed. */
import { performance } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import { precisePacer } from './precise-pacer.ts'
import { timerPacer } from './timer-pacer.ts'

const now = () => performance.now()

describe.each([
  ['timerPacer', async () => timerPacer(now)],
  ['precisePacer', () => precisePacer(now)],
])('%s', (_name, make) => {
  it('wakes for every sleep, at its time or later', async () => {
    const pacer = await make()
    for (const gapMs of [0, -5, 0.05, 0.3, 1, 2.5, 7, 0.1]) {
      const atMs = now() + gapMs
      await new Promise<void>(done => pacer.sleepUntil(atMs, done))
      // A libuv timer may fire a fraction of its millisecond early; the engine then asks again.
      expect(now()).toBeGreaterThanOrEqual(atMs - 1)
    }
    pacer.close()
  })

  it('lets the loop turn while it is behind, so that answers are read', async () => {
    const pacer = await make()
    let turned = false
    setImmediate(() => (turned = true))
    await new Promise<void>(done => pacer.sleepUntil(now() - 10, done))
    expect(turned).toBe(true)
    pacer.close()
  })

  it.each([-1, 0.05, 5])('does not wake after it was closed %s ms before its time', async gapMs => {
    const [pacer, witness] = [await make(), await make()]
    let woken = false
    pacer.sleepUntil(now() + gapMs, () => (woken = true))
    pacer.close()
    // Woken well after the closed one would have been, its guard included.
    await new Promise<void>(done => witness.sleepUntil(now() + 10, done))
    expect(woken).toBe(false)
    witness.close()
  })
})

/** A late event loop is told apart by who is to blame: work of its own, or a machine that had no CPU for it. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RuntimeSample } from '@whetstone/model'
import { runFixture } from './testing/observe-fixture.ts'
import type { RunningFixture } from './testing/observe-fixture.ts'

let running: RunningFixture
beforeEach(async () => {
  running = await runFixture({ file: 'probe-services/held-up.mjs' })
})
afterEach(async () => await running.stop())

/** What the process reported of the seconds since `act` began. */
async function secondsOf(act: () => Promise<void>): Promise<readonly RuntimeSample[]> {
  await running.ask('/')
  await running.receiver.flush()
  const samples = () => running.receiver.evidence().runtime.processes[0]?.samples ?? []
  const before = samples().length
  await act()
  await running.receiver.flush()
  return samples().slice(before)
}

const longestOwnDelayMs = (samples: readonly RuntimeSample[]): number =>
  Math.max(...samples.map(sample => sample.eventLoopOwnDelayMaxMs ?? Number.NaN))

test('CPU that a request burns is a delay of its own', async () => {
  const seconds = await secondsOf(async () => void (await running.ask('/burn')))
  expect(longestOwnDelayMs(seconds)).toBeGreaterThan(100)
})

test('a pause in which the process does not run is none', async () => {
  const seconds = await secondsOf(async () => {
    process.kill(running.pid, 'SIGSTOP')
    await new Promise(resolve => setTimeout(resolve, 800))
    process.kill(running.pid, 'SIGCONT')
    await running.ask('/')
  })
  expect(seconds.reduce((sum, sample) => sum + sample.windowMs, 0)).toBeGreaterThan(700)
  expect(longestOwnDelayMs(seconds)).toBeLessThan(400)
})

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { cpuTimeMs } from './cpu-time.ts'

/** Says what the system has billed it so far; asked to spend, it first spends a tenth of a second and says what that was billed. */
const spender = `
  const billedMs = () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }
  process.on('message', order => {
    const fromMs = billedMs()
    while (order === 'spend' && billedMs() < fromMs + 100) for (let step = 0; step < 1e6; step++);
    process.send(order === 'spend' ? billedMs() - fromMs : fromMs)
  })
  process.send('ready')
`
/** The account of a thread that runs at this moment is as old as the last tick of the slowest kernel clock. */
const tickMs = 10

describe.runIf(process.platform === 'linux')('CPU time of a service', () => {
  it('rises by what the process was billed, and is unknown when it is gone', async () => {
    const child = fork('--eval', [spender], { execArgv: [] })
    await once(child, 'message')
    const ask = async (order: 'bill' | 'spend'): Promise<number> => {
      child.send(order)
      const [ms] = (await once(child, 'message')) as [number]
      return ms
    }
    // One account inside the other: whatever the messages cost lies between the two.
    const outerFromMs = await ask('bill')
    const before = (await cpuTimeMs(child.pid!))!
    const innerMs = await ask('spend')
    const seenMs = (await cpuTimeMs(child.pid!))! - before
    const outerMs = (await ask('bill')) - outerFromMs
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    expect(innerMs).toBeGreaterThanOrEqual(100)
    expect(seenMs).toBeGreaterThan(innerMs - tickMs)
    expect(seenMs).toBeLessThan(outerMs + tickMs)
    expect(await cpuTimeMs(child.pid!)).toBeUndefined()
  })
})

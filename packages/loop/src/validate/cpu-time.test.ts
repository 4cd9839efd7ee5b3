import { fork } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { cpuTimeMs } from './cpu-time.ts'

/** Spends about a tenth of a second and says what the system billed it. */
const spender = `
  process.on('message', () => {
    const before = process.cpuUsage()
    let billedMs = 0
    while (billedMs < 100) {
      for (let step = 0; step < 1e6; step++);
      const { user, system } = process.cpuUsage(before)
      billedMs = (user + system) / 1000
    }
    process.send(billedMs)
  })
  process.send('ready')
`

describe.runIf(process.platform === 'linux')('CPU time of a service', () => {
  it('rises by what the process was billed, and is unknown when it is gone', async () => {
    const child = fork('--eval', [spender], { execArgv: [] })
    await once(child, 'message')
    const before = (await cpuTimeMs(child.pid!))!
    child.send('spend')
    const [billedMs] = (await once(child, 'message')) as [number]
    const seenMs = (await cpuTimeMs(child.pid!))! - before
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    // Receiving and answering the messages costs a little that the process itself does not count.
    expect(seenMs).toBeGreaterThan(billedMs - 15)
    expect(seenMs).toBeLessThan(billedMs + 60)
    expect(await cpuTimeMs(child.pid!)).toBeUndefined()
  })
})

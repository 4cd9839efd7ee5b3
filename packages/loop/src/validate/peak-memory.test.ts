import { fork } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { peakMemoryBytes } from './peak-memory.ts'

const megabytes = 1e6
const holder = `
  process.on('message', size => {
    globalThis.held = Buffer.alloc(size, 1)
    globalThis.held = undefined
    process.send('held')
  })
  process.send('ready')
`

describe.runIf(process.platform === 'linux')('peak memory of a service', () => {
  it('rises by what was held for a moment, and is unknown when the process is gone', async () => {
    const child = fork('--eval', [holder], { execArgv: [] })
    await once(child, 'message')
    const before = peakMemoryBytes(child.pid!)!
    child.send(100 * megabytes)
    await once(child, 'message')
    expect(peakMemoryBytes(child.pid!)! - before).toBeGreaterThan(90 * megabytes)
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    expect(peakMemoryBytes(child.pid!)).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'
import { commandArm } from './arm.ts'

const server = `require('node:http').createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')`

describe('command arm', () => {
  it('starts a fresh process each time and leaves none', async () => {
    const arm = commandArm('head', { command: [process.execPath, '-e', server] })
    const pids: number[] = []
    for (let block = 0; block < 2; block++) {
      const running = await arm.start()
      pids.push(running.pid!)
      expect(await (await fetch(running.baseUrl)).text()).toBe('hello')
      await running.stop()
      await expect(fetch(running.baseUrl)).rejects.toThrow()
    }
    expect(new Set(pids).size).toBe(2)
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  it('takes the port that knows the path, not that of the metrics which is open first', async () => {
    const withMetrics = `const { createServer } = require('node:http')
      createServer((_, response) => response.writeHead(404).end('metrics')).listen(0, '127.0.0.1', () => {
        createServer((_, response) => response.end('orders')).listen(0, '127.0.0.1')
      })`
    const arm = commandArm('head', {
      command: [process.execPath, '-e', withMetrics],
      readyPath: '/orders',
      layout: { port: 1, ports: [1, 2] },
    })
    const running = await arm.start()
    expect(await (await fetch(running.baseUrl)).text()).toBe('orders')
    await running.stop()
  })

  it('is not ready before it answers, and leaves nothing when it never will', async () => {
    const nonsense = `require('node:net').createServer(socket => socket.end('SSH-2.0 ready')).listen(0, '127.0.0.1')`
    const arm = commandArm('head', { command: [process.execPath, '-e', nonsense] })
    await expect(arm.start()).rejects.toMatchObject({ code: 'WHET_TARGET_GARBAGE' })
  })

  it('passes on why a command does not start', async () => {
    const arm = commandArm('head', { command: [process.execPath, '-e', 'process.exit(3)'] })
    await expect(arm.start()).rejects.toMatchObject({ code: 'WHET_TARGET_EXITED' })
  })
})

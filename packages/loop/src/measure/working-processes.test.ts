import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { watchWork } from './working-processes.ts'

/** Takes 400 ms of CPU, says so and stays, as a worker does between requests. */
const worker = `while (process.cpuUsage().user < 4e5);
process.stdout.write('.')
setInterval(() => {}, 1000)`
const parent = `const { spawn } = require('node:child_process')
const start = () => spawn(process.execPath, ['-e', ${JSON.stringify(worker)}], { stdio: ['ignore', 'inherit', 'ignore'] })
process.stdin.once('data', () => {
  const children = [start(), start()]
  process.once('SIGTERM', () => { for (const child of children) child.kill('SIGKILL'); process.exit() })
})
process.stdout.write('ready')`

test('two children that work are two processes, and their parent is none', async () => {
  const child = spawn(process.execPath, ['-e', parent], { stdio: ['pipe', 'pipe', 'ignore'] })
  try {
    await once(child.stdout, 'data')
    const seen = watchWork(child.pid!)
    child.stdin.write('go')
    let done = ''
    for await (const text of child.stdout) if ((done += String(text)).length === 2) break
    const { processes, cpuBusyFraction } = seen()
    expect(processes).toBe(2)
    expect(cpuBusyFraction).toBeGreaterThan(0)
  } finally {
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
})

test('a process that does nothing has nobody at work', () => {
  expect(watchWork(2 ** 30)()).not.toHaveProperty('processes')
})

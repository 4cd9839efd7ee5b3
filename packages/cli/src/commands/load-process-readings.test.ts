import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { platform } from 'node:os'
import { expect, it } from 'vitest'
import { processReader } from './load-process-readings.ts'

it.runIf(platform() === 'linux')('reads what a process and its children hold', async () => {
  const reading = await processReader(process.pid)!()
  expect(reading['resident-memory']).toBeGreaterThan(10_000_000)
  expect(reading['open-handles']).toBeGreaterThan(3)
})

/** Its child is not one of its main thread, and holds 300 files. */
const parent = `const { Worker } = require('node:worker_threads')
new Worker(\`
  const child = require('node:child_process').spawn(process.execPath, ['-e', \\\`
    for (let i = 0; i < 300; i++) require('node:fs').openSync('/dev/null')
    process.stdout.write('.')
    process.stdin.resume()
  \\\`])
  child.stdout.once('data', () => require('node:fs').writeSync(1, 'open'))
\`, { eval: true })`

it.runIf(platform() === 'linux')('counts what a child holds that a worker thread started', async () => {
  const child = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    await once(child.stdout, 'data')
    expect((await processReader(child.pid)!())['open-handles']).toBeGreaterThan(300)
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

it.runIf(platform() === 'linux')('does not take a process that is gone for an empty one', async () => {
  await expect(processReader(2 ** 30)!()).rejects.toThrow('is gone')
})

it('is not there where nobody knows the process', () => {
  expect(processReader(undefined)).toBeUndefined()
})

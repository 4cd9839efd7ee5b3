import { platform } from 'node:os'
import { expect, it } from 'vitest'
import { processReader } from './load-process-readings.ts'

it.runIf(platform() === 'linux')('reads what a process and its children hold', async () => {
  const reading = await processReader(process.pid)!()
  expect(reading['resident-memory']).toBeGreaterThan(10_000_000)
  expect(reading['open-handles']).toBeGreaterThan(3)
})

it.runIf(platform() === 'linux')('does not take a process that is gone for an empty one', async () => {
  await expect(processReader(2 ** 30)!()).rejects.toThrow('is gone')
})

it('is not there where nobody knows the process', () => {
  expect(processReader(undefined)).toBeUndefined()
})

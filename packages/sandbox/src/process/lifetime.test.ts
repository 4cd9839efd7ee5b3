import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { isAlive, thisLifetime } from './lifetime.ts'

it('this process is alive', () => {
  expect(isAlive(thisLifetime())).toBe(true)
})

it('a process that has ended is not alive', async () => {
  const child = spawn('true')
  const pid = child.pid ?? 0
  await once(child, 'close')
  expect(isAlive({ ...thisLifetime(), pid })).toBe(false)
})

it.runIf(process.platform === 'linux')('a later process with the same number is another one', () => {
  const self = thisLifetime()
  expect(isAlive({ ...self, startTicks: self.startTicks - 1 })).toBe(false)
})

it('no process of an earlier boot is alive', () => {
  expect(isAlive({ ...thisLifetime(), boot: '00000000' })).toBe(false)
})

it('a process of another machine or container is left alone', () => {
  expect(isAlive({ ...thisLifetime(), host: '00000000', pid: 4_000_000 })).toBe(true)
})

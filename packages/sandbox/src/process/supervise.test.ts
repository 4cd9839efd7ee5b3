import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { isAlive, thisLifetime } from './lifetime.ts'
import { supervise } from './supervise.ts'
import type { Supervised } from './supervise.ts'

interface Served {
  readonly server: Supervised
  readonly folder: string
  readonly log: () => string
}

async function serve(script: string, graceMs = 8000): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'whetstone-supervised-'))
  const logPath = join(folder, 'log')
  const server = await supervise({
    command: 'sh',
    args: ['-c', script],
    env: process.env,
    logPath,
    stopSignal: 'TERM',
    graceMs,
    removeFolder: folder,
  })
  return { server, folder, log: () => readFileSync(logPath, 'utf8') }
}

it('runs a server until it is stopped, then removes its folder', async () => {
  const { server, folder } = await serve('exec sleep 600')
  expect(server.pid).toBeGreaterThan(1)
  expect(server.hasEnded()).toBe(false)
  expect(existsSync(folder)).toBe(true)
  await server.stop()
  await server.ended
  expect(server.hasEnded()).toBe(true)
  expect(existsSync(folder)).toBe(false)
  expect(isAlive({ ...thisLifetime(), pid: server.pid })).toBe(false)
  await server.stop()
})

it('leaves the log of a server that ended by itself until it is read', async () => {
  const { server, folder, log } = await serve('echo out of paper; echo and of ink >&2; exit 7')
  await server.ended
  expect(log()).toBe('out of paper\nand of ink\n')
  await server.stop()
  expect(existsSync(folder)).toBe(false)
})

it('kills a server that ignores its signal', async () => {
  const { server, folder, log } = await serve("trap '' TERM; echo deaf; while :; do sleep 0.2; done", 300)
  await vi.waitUntil(() => log() === 'deaf\n', { interval: 5 })
  await server.stop()
  expect(isAlive({ ...thisLifetime(), pid: server.pid })).toBe(false)
  expect(existsSync(folder)).toBe(false)
})

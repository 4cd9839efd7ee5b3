import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { freePort, highestPort, isFreePort, lowestPort } from './free-port.ts'

it('finds a port below those the kernel hands out', async () => {
  const port = await freePort()
  expect(port).toBeGreaterThanOrEqual(lowestPort)
  expect(port).toBeLessThanOrEqual(highestPort)
})

it('passes over a port that is taken, and gives up when all are', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const taken = (server.address() as AddressInfo).port
  const free = await freePort()
  const picks = [taken, taken, free]
  expect(await isFreePort(taken)).toBe(false)
  expect(await freePort(() => picks.shift() ?? 0)).toBe(free)
  await expect(freePort(() => taken)).rejects.toMatchObject({ code: 'WHET_SANDBOX_NO_PORT' })
  server.close()
})

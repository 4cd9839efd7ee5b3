import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { type MemcachedServer, startMemcached } from '@whetstone/sandbox'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cache } from '../core/cache.ts'
import { leasesContract } from '../testing/leases-contract.ts'
import { tierContract } from '../testing/tier-contract.ts'
import type { MemjsClient } from './link.ts'
import { memcachedLeases } from './memcached-leases.ts'
import { memcachedTier } from './memcached-tier.ts'

// It has no types of its own.
const require = createRequire(import.meta.url)
const memjs = require('memjs') as {
  readonly Client: { create(servers: string, options: object): MemjsClient & { close(): void } }
}

let server: MemcachedServer
const clients: (MemjsClient & { close(): void })[] = []

beforeAll(async () => {
  const started = await startMemcached()
  if (started.kind === 'not-available') throw new Error(started.reason)
  server = started
  for (let at = 0; at < 2; at++)
    clients.push(memjs.Client.create(server.address, { timeout: 20, logger: { log: () => {} } }))
}, 400_000)

afterAll(async () => {
  for (const client of clients) client.close()
  await server?.stop()
})

describe('a tier in memcached', () => {
  tierContract(async () => ({
    tier: memcachedTier(clients[0]!, { prefix: `${randomUUID()}:` }),
    nowMs: () => Date.now(),
    pass: ms => delay(ms),
  }))

  test('decides atomically: of many who write at a time the newest stays', async () => {
    const prefix = `${randomUUID()}:`
    const tiers = clients.map(client => memcachedTier(client, { prefix }))
    const { version } = await tiers[0]!.get('race')
    const entry = (add: number) => ({
      payload: Buffer.from(String(add)),
      version: version + add,
      freshUntilMs: Infinity,
      goneAtMs: Infinity,
      loadMs: 0,
      missing: false,
      tags: [],
    })
    await Promise.all([3, 1, 5, 2, 4].map((add, at) => tiers[at % 2]!.set('race', entry(add))))
    expect((await tiers[1]!.get('race')).entry?.version).toBe(version + 5)
  })
})

describe('leases in memcached', () => {
  leasesContract(async () => {
    const prefix = `${randomUUID()}:`
    const [one, other] = clients.map(client => memcachedLeases(client, { prefix, askEveryMs: 5 }))
    return { one: one!, other: other! }
  })
})

test('two processes with one memcached load a key once, and fail together', async () => {
  const prefix = `${randomUUID()}:`
  const [one, other] = clients.map(
    client =>
      new Cache({
        shared: {
          tier: memcachedTier(client, { prefix }),
          leases: memcachedLeases(client, { prefix }),
          timeoutMs: 10_000,
        },
      }),
  )
  let loads = 0
  const load = async () => {
    loads++
    await delay(100)
    return 'value'
  }
  const answers = [one!, other!].flatMap(cache => Array.from({ length: 50 }, () => cache.getOrLoad('a', load)))
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['value']))
  expect(loads).toBe(1)
  await Promise.all([one!.close(), other!.close()])
})

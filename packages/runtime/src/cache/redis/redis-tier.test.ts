import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type RedisServer, startRedis } from '@whetstone/sandbox'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe } from 'vitest'
import { tierContract } from '../testing/tier-contract.ts'
import type { RedisClient } from './link.ts'
import { redisTier } from './redis-tier.ts'

let server: RedisServer
let ioredis: Redis
const nodeRedis: { client?: ReturnType<typeof createClient> } = {}

beforeAll(async () => {
  const started = await startRedis()
  if (started.kind === 'not-available') throw new Error(started.reason)
  server = started
  ioredis = new Redis(server.url)
  nodeRedis.client = createClient({ url: server.url })
  await nodeRedis.client.connect()
}, 400_000)

afterAll(async () => {
  ioredis?.disconnect()
  nodeRedis.client?.destroy()
  await server?.stop()
})

const stand = async (client: RedisClient) => ({
  tier: redisTier(client, { prefix: `${randomUUID()}:` }),
  nowMs: () => Date.now(),
  pass: (ms: number) => delay(ms),
})

describe('a tier in Redis by ioredis', () => {
  tierContract(() => stand(ioredis))
})

describe('a tier in Redis by node-redis', () => {
  tierContract(() => stand(nodeRedis.client!))
})

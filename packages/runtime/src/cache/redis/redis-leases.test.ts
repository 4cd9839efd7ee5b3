import { randomUUID } from 'node:crypto'
import { type RedisServer, startRedis } from '@whetstone/sandbox'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe } from 'vitest'
import { leasesContract } from '../testing/leases-contract.ts'
import type { RedisClient } from './link.ts'
import { redisLeases } from './redis-leases.ts'

let server: RedisServer
const closing: (() => unknown)[] = []

beforeAll(async () => {
  const started = await startRedis()
  if (started.kind === 'not-available') throw new Error(started.reason)
  server = started
}, 400_000)

afterAll(async () => {
  for (const close of closing) await close()
  await server?.stop()
})

async function stand(connect: () => Promise<RedisClient>) {
  const prefix = `${randomUUID()}:`
  const leases = async () => {
    const made = redisLeases(await connect(), { prefix })
    closing.unshift(() => made.close())
    return made
  }
  return { one: await leases(), other: await leases() }
}

describe('leases in Redis by ioredis', () => {
  leasesContract(() =>
    stand(async () => {
      const client = new Redis(server.url)
      closing.push(() => client.disconnect())
      return client
    }),
  )
})

describe('leases in Redis by node-redis', () => {
  leasesContract(() =>
    stand(async () => {
      const client = createClient({ url: server.url })
      closing.push(() => client.destroy())
      await client.connect()
      return client as unknown as RedisClient
    }),
  )
})

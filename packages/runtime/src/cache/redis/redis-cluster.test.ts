import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type RedisCluster, startRedisCluster } from '@whetstone/sandbox'
import { Cluster, Redis } from 'ioredis'
import { createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Leaderboard, Sessions } from '../../redis/index.ts'
import { Cache } from '../core/cache.ts'
import { busContract } from '../testing/bus-contract.ts'
import { leasesContract } from '../testing/leases-contract.ts'
import { tierContract } from '../testing/tier-contract.ts'
import { until } from '../testing/until.ts'
import { openWire, type Wire } from '../testing/wire.ts'
import type { RedisClient } from './link.ts'
import { redisBus } from './redis-bus.ts'
import { redisLeases } from './redis-leases.ts'
import { redisShared } from './redis-shared.ts'
import { redisTier } from './redis-tier.ts'

let cluster: RedisCluster

beforeAll(async () => {
  const started = await startRedisCluster()
  if (started.kind === 'not-available') throw new Error(started.reason)
  cluster = started
}, 400_000)

afterAll(async () => {
  await cluster?.stop()
})

interface Connected {
  readonly client: RedisClient
  del(key: string): Promise<unknown>
  close(): void
}

/** What the nodes call one another, and where a client finds them whose way there is to be cut. */
const ways = (wires: readonly Wire[]) =>
  Object.fromEntries(
    wires.map((wire, at) => [`127.0.0.1:${cluster.ports[at]}`, { host: '127.0.0.1', port: wire.port }]),
  )

const ports = (wires: readonly Wire[]) => (wires.length > 0 ? wires.map(({ port }) => port) : cluster.ports)

async function byIoredis(wires: readonly Wire[]): Promise<Connected> {
  const client = new Cluster(
    ports(wires).map(port => ({ host: '127.0.0.1', port })),
    { natMap: ways(wires), clusterRetryStrategy: () => 10 },
  )
  client.on('error', () => undefined)
  return { client, del: key => client.del(key), close: () => client.disconnect() }
}

async function byNodeRedis(wires: readonly Wire[]): Promise<Connected> {
  const client = createCluster({
    rootNodes: ports(wires).map(port => ({ socket: { host: '127.0.0.1', port } })),
    nodeAddressMap: ways(wires),
    defaults: { socket: { reconnectStrategy: () => 10 } },
  })
  client.on('error', () => undefined)
  await client.connect()
  return { client, del: key => client.del(key), close: () => client.destroy() }
}

/** To the next node: what other tests left in that slot is gone, as only an empty one may be given away at once. */
async function moveSlot(key: string): Promise<void> {
  const nodes = cluster.ports.map(port => new Redis(port))
  try {
    const slot = Number(await nodes[0]!.call('CLUSTER', 'KEYSLOT', key))
    const ids = await Promise.all(nodes.map(node => node.call('CLUSTER', 'MYID')))
    const ranges = (await nodes[0]!.call('CLUSTER', 'SLOTS')) as [number, number, [string, number, string]][]
    const from = ids.indexOf(ranges.find(([first, last]) => first <= slot && slot <= last)![2][2])
    const to = (from + 1) % nodes.length
    for (const stray of (await nodes[from]!.call('CLUSTER', 'GETKEYSINSLOT', slot, 1_000)) as string[])
      await nodes[from]!.del(stray)
    await nodes[to]!.call('CLUSTER', 'BUMPEPOCH')
    for (const at of [to, from, 3 - to - from])
      await nodes[at]!.call('CLUSTER', 'SETSLOT', slot, 'NODE', ids[to] as string)
  } finally {
    for (const node of nodes) node.disconnect()
  }
}

describe.each([
  { name: 'ioredis', connect: byIoredis },
  { name: 'node-redis', connect: byNodeRedis },
])('a cluster by $name', ({ connect }) => {
  let one: Connected
  let other: Connected
  const cleaning: (() => unknown)[] = []

  beforeAll(async () => {
    one = await connect([])
    other = await connect([])
  }, 60_000)

  afterAll(async () => {
    for (const clean of cleaning) await clean()
    one?.close()
    other?.close()
  })

  describe('is a tier that', () => {
    tierContract(async () => ({
      tier: redisTier(one.client, { prefix: `${randomUUID()}:`, clusterClockSkewMs: 0 }),
      nowMs: () => Date.now(),
      pass: (ms: number) => delay(ms),
    }))
  })

  describe('has leases that', () => {
    leasesContract(async () => {
      const prefix = `${randomUUID()}:`
      const leases = [one, other].map(({ client }) => redisLeases(client, { prefix }))
      for (const each of leases) cleaning.push(() => each.close())
      return { one: leases[0]!, other: leases[1]! }
    })
  })

  describe('is a bus that', () => {
    let prefix = ''
    busContract(
      async () => {
        prefix = `${randomUUID()}:`
        const wires = await Promise.all(cluster.ports.map(port => openWire(port)))
        const far = await connect(wires)
        const options = { prefix, checkEveryMs: 50 }
        return {
          near: redisBus(one.client, options),
          far: redisBus(far.client, options),
          cut: async () => void (await Promise.all(wires.map(wire => wire.cut()))),
          mend: async () => void (await Promise.all(wires.map(wire => wire.mend()))),
          async close() {
            far.close()
            await Promise.all(wires.map(wire => wire.close()))
          },
        }
      },
      async () => void (await one.del(`${prefix}bus`)),
    )
  })

  test('two caches share answers of every node, and what one declares untrue: keys, tags, all of it', async () => {
    const prefix = `${randomUUID()}:`
    const [near, far] = (await Promise.all(
      [one, other].map(async ({ client }) => {
        const cache = new Cache({
          // A busy machine must not send anybody to the origin.
          shared: { ...redisShared(client, { prefix, checkEveryMs: 50, clusterClockSkewMs: 0 }), timeoutMs: 10_000 },
          defaults: { ttlMs: 60_000, earlyBeta: 0, jitterFraction: 0 },
        })
        cleaning.unshift(() => cache.close())
        await cache.ready()
        return cache
      }),
    )) as [Cache, Cache]
    const keys = Array.from({ length: 60 }, (_, at) => `key ${at}`)
    const tags = ['even', 'odd']
    let loads = 0
    const ask = (cache: Cache) =>
      Promise.all(keys.map((key, at) => cache.getOrLoad(key, async () => ++loads, { tags: [tags[at % 2]!] })))
    const declarations = [() => near.invalidate(...keys), () => near.invalidateTags(...tags), () => near.clear()]
    for (const [round, declare] of declarations.entries()) {
      const answers = await ask(near)
      expect(await ask(far)).toEqual(answers)
      expect(loads).toBe(keys.length * (round + 1))
      await declare()
      await until(() => keys.every(key => far.get(key) === undefined))
    }
  })

  test('entries and leases are found where their slot has moved to, which knows none of the scripts', async () => {
    const prefix = `{${randomUUID()}}:`
    const [tier, leases] = [redisTier(one.client, { prefix }), redisLeases(one.client, { prefix })]
    // By then the client knows where every slot lies.
    await tier.get('a')
    await moveSlot(prefix)
    const { version } = await tier.get('a')
    const times = { freshUntilMs: Date.now() + 60_000, goneAtMs: Date.now() + 60_000 }
    const entry = { ...times, payload: Buffer.from('x'), version, loadMs: 1, missing: false, tags: [] }
    expect(await tier.set('a', entry)).toBe(true)
    expect((await tier.get('a')).entry?.version).toBe(version)
    const lease = (await leases.take('a', 60_000))!
    expect(await leases.take('a', 60_000)).toBeUndefined()
    await lease.release({ kind: 'stored' })
    expect(await tier.delete(['a', 'b'])).toBeGreaterThan(version)
  })

  test('sessions and a leaderboard lie there too', async () => {
    const sessions = new Sessions<{ user: number }>(one.client, { secrets: ['a secret of at least 32 characters'] })
    const { id } = await sessions.create({ user: 7 })
    expect((await sessions.get(id))?.data).toEqual({ user: 7 })
    expect(await sessions.read(id)).toEqual({ user: 7 })
    const board = new Leaderboard(one.client, { key: randomUUID() })
    await board.submit('ann', 3)
    await board.submit('bob', 5)
    expect(await board.top(5)).toEqual([
      { member: 'bob', score: 5, rank: 1 },
      { member: 'ann', score: 3, rank: 2 },
    ])
    expect([await board.remove('ann'), await board.size()]).toEqual([true, 1])
  })
})

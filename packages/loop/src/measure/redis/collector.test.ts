/** Reads real servers: what is told of them before and after, and that nothing in them changes. */
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { available, startMemcached, startRedis } from '@whetstone/sandbox'
import type { MemcachedServer, RedisServer } from '@whetstone/sandbox'
import { startRedisCollector } from './collector.ts'
import { opened } from './connect.ts'
import { encoded, type Reply, ReplyReader } from './resp.ts'

let redis: RedisServer
beforeAll(async () => {
  redis = available(await startRedis())
})
afterAll(async () => await redis?.stop())

/** As somebody else would: commands of the service. */
async function send(...commands: readonly (readonly string[])[]): Promise<Reply[]> {
  const socket = await opened('127.0.0.1', redis.port, false)
  const reader = new ReplyReader()
  const replies: Reply[] = []
  try {
    return await new Promise<Reply[]>((resolve, reject) => {
      socket.on('error', reject)
      socket.on('data', (chunk: Buffer) => {
        replies.push(...reader.add(chunk))
        if (replies.length >= commands.length) resolve(replies)
      })
      socket.write(commands.map(encoded).join(''))
    })
  } finally {
    socket.destroy()
  }
}

const slowScript = 'local n = 0; for i = 1, 3000000 do n = n + i end; return n'

/** Ten times since its counters began. */
const pinged = async () =>
  await expect
    .poll(async () => /cmdstat_ping:calls=(\d+)/.exec(String((await send(['INFO', 'commandstats']))[0]))?.[1], {
      timeout: 10_000,
    })
    .toMatch(/^\d\d/)

describe('a Redis', () => {
  it('is told by its counters of the window, its slow commands and a sample of its keys, and stays as it is', async () => {
    await send(
      ['FLUSHALL'],
      ['CONFIG', 'SET', 'maxmemory', '100mb'],
      ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'],
      ['CONFIG', 'SET', 'slowlog-log-slower-than', '2000'],
      ...Array.from({ length: 300 }, (_, n) => ['SET', `product:${n}`, 'x'.repeat(100), 'EX', '600']),
      ...Array.from({ length: 40 }, (_, n) => [
        'SET',
        `post:a-day-in-${String.fromCharCode(97 + (n % 26))}${'x'.repeat(n)}`,
        '1',
      ]),
      ['SADD', 'tags', ...Array.from({ length: 500 }, (_, n) => `tag ${n}`)],
      ['GET', 'product:1'],
    )
    const collector = await startRedisCollector([redis.url])
    await send(['GET', 'product:1'], ['GET', 'product:2'], ['GET', 'nothing'], ['EVAL', slowScript, '1', 'report:7'])
    const [before] = await send(['DBSIZE'])
    await pinged()
    const { servers } = await collector.finish()
    expect((await send(['DBSIZE']))[0]).toBe(before)
    const [server] = servers
    expect(server).toMatchObject({
      product: 'redis',
      host: '127.0.0.1',
      port: redis.port,
      mode: 'standalone',
      role: 'primary',
      memory: { maxBytes: 104_857_600, policy: 'allkeys-lru' },
      keys: { total: 341, withTtl: 300 },
      counts: { hits: 2, misses: 1, evicted: 0, expired: 0 },
      persistence: { appendOnly: false, snapshots: false, lastSaveFailed: false },
      unavailable: {},
    })
    expect(server!.keys.averageTtlMs).toBeGreaterThan(500_000)
    expect(server!.commands.find(({ command }) => command === 'GET')).toMatchObject({ calls: 3, failed: 0 })
    expect(server!.slowLog?.entries.map(({ command }) => command)).toContain('EVAL')
    expect(server!.slowLog?.entries.find(({ command }) => command === 'EVAL')).toMatchObject({
      keyTemplate: '',
      arguments: 3,
    })
    const { keys, complete } = server!.sample!
    expect(complete).toBe(true)
    expect(keys).toHaveLength(341)
    const counted = new Map<string, number>()
    for (const { keyTemplate } of keys) counted.set(keyTemplate, (counted.get(keyTemplate) ?? 0) + 1)
    expect(Object.fromEntries(counted)).toEqual({ 'product:{n}': 300, 'post:{x}': 40, tags: 1 })
    expect(keys.find(({ keyTemplate }) => keyTemplate === 'tags')).toMatchObject({ type: 'set', members: 500 })
    expect(keys.find(({ keyTemplate }) => keyTemplate === 'product:{n}')!.bytes).toBeGreaterThan(100)
    expect(server!.latency!.p99Ms).toBeGreaterThan(0)
  })

  it('tells what held it up in the window, and nothing from before', async () => {
    const eventsWhile = async (...commands: readonly (readonly string[])[]) => {
      await send(['CONFIG', 'RESETSTAT'])
      const collector = await startRedisCollector([redis.url])
      await send(...commands, ['PING'])
      await pinged()
      return (await collector.finish()).servers[0]!.latency!.events
    }
    await send(['CONFIG', 'SET', 'latency-monitor-threshold', '1'], ['LATENCY', 'RESET'])
    const events = await eventsWhile(['EVAL', slowScript, '0'], ['CONFIG', 'SET', 'latency-monitor-threshold', '0'])
    expect(events.find(({ event }) => event === 'command')?.latestMs).toBeGreaterThan(0)
    expect((await send(['LATENCY', 'LATEST']))[0]).not.toEqual([])
    // It tells whole seconds: a second later the event is one of before.
    await expect.poll(() => eventsWhile(), { timeout: 20_000 }).toEqual([])
  })

  it('that wants a password says so, with what to type', async () => {
    await send(['CONFIG', 'SET', 'requirepass', 'secret'])
    try {
      await expect(startRedisCollector([redis.url])).rejects.toMatchObject({
        code: 'WHET_REDIS_UNREACHABLE',
        hint: expect.stringContaining('redis://user:password@') as unknown,
      })
      await expect(startRedisCollector([redis.url.replace('redis://', 'redis://:wrong@')])).rejects.toMatchObject({
        message: expect.not.stringContaining('wrong@') as unknown,
      })
      const collector = await startRedisCollector([redis.url.replace('redis://', 'redis://:secret@')])
      expect((await collector.finish()).servers).toHaveLength(1)
    } finally {
      await send(['AUTH', 'secret'], ['CONFIG', 'SET', 'requirepass', ''])
    }
  })
})

it('what is no cache at all is told at once', async () => {
  const server = createServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  try {
    await expect(startRedisCollector([`redis://127.0.0.1:${port}`])).rejects.toMatchObject({
      code: 'WHET_REDIS_UNREACHABLE',
    })
  } finally {
    server.close()
  }
})

describe('a Memcached', () => {
  let memcached: MemcachedServer
  beforeAll(async () => {
    memcached = available(await startMemcached())
  })
  afterAll(async () => await memcached?.stop())

  it('is told by its stats', async () => {
    const url = `memcached://127.0.0.1:${memcached.port}`
    const collector = await startRedisCollector([url])
    const socket = await opened('127.0.0.1', memcached.port, false)
    try {
      const answered = new Promise<void>(resolve => {
        let text = ''
        socket.on('data', (chunk: Buffer) => {
          text += chunk.toString()
          if (text.split('END\r\n').length === 3) resolve()
        })
      })
      socket.write('set product:1 0 0 1\r\nx\r\nget product:1\r\nget product:2\r\n')
      await answered
    } finally {
      socket.destroy()
    }
    expect((await collector.finish()).servers).toMatchObject([
      { product: 'memcached', keys: { total: 1 }, counts: { hits: 1, misses: 1 }, memory: { policy: 'allkeys-lru' } },
    ])
  })
})

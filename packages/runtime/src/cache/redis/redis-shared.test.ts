import { randomUUID } from 'node:crypto'
import { available, type RedisServer, startRedis } from '@whetstone/sandbox'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Cache } from '../core/cache.ts'
import type { CacheOptions } from '../core/options.ts'
import type { SharedOptions } from '../core/shared/shared.ts'
import { openWire, type Wire } from '../testing/wire.ts'
import { until } from '../testing/until.ts'
import { redisLeases } from './redis-leases.ts'
import { redisShared } from './redis-shared.ts'
import { redisTier } from './redis-tier.ts'

let server: RedisServer
let admin: Redis
const cleaning: (() => unknown)[] = []

beforeAll(async () => {
  server = available(await startRedis())
  admin = new Redis(server.port)
}, 400_000)

afterEach(async () => {
  for (const clean of cleaning.splice(0)) await clean()
})

afterAll(async () => {
  admin?.disconnect()
  await server?.stop()
})

interface Stand {
  /** Two caches as of two processes, the other one over a wire that can be cut. */
  readonly one: Cache
  readonly other: Cache
  readonly wire: Wire
  readonly prefix: string
}

async function stand({
  sharing,
  ...options
}: CacheOptions & { sharing?: Partial<SharedOptions> } = {}): Promise<Stand> {
  const prefix = `${randomUUID()}:`
  const wire = await openWire(server.port)
  const process = async (port: number) => {
    const client = new Redis(port, { retryStrategy: () => 10, maxRetriesPerRequest: null })
    client.on('error', () => undefined)
    const shared = { ...redisShared(client, { prefix, checkEveryMs: 50 }), timeoutMs: 2_000, pauseMs: 50, ...sharing }
    const defaults = { ttlMs: 60_000, earlyBeta: 0, jitterFraction: 0, ...options.defaults }
    const cache = new Cache({ ...options, shared, defaults })
    cleaning.unshift(async () => {
      await cache.close()
      client.disconnect()
    })
    await cache.ready()
    return cache
  }
  const [one, other] = [await process(server.port), await process(wire.port)]
  cleaning.push(() => wire.close())
  return { one, other, wire, prefix }
}

function origin() {
  const asked = { times: 0, value: 'first' as unknown, failing: undefined as Error | undefined }
  let open = Promise.resolve()
  return {
    asked,
    /** Loads wait until `release` is called. */
    hold: (): (() => void) => {
      let release!: () => void
      open = new Promise(resolve => (release = resolve))
      return release
    },
    load: async () => {
      asked.times++
      const { value } = asked
      await open
      if (asked.failing) throw asked.failing
      return value
    },
  }
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    value => `answered ${String(value)}`,
    (error: Error & { code?: string }) => error.code ?? error.message,
  )

describe('two processes with one Redis', () => {
  test('load a key once, whoever of them asks', async () => {
    const { one, other } = await stand()
    const { asked, load } = origin()
    expect(await one.getOrLoad('a', load)).toBe('first')
    expect(await other.getOrLoad('a', load)).toBe('first')
    expect([asked.times, one.counts.loads, other.counts.tierHit, other.counts.loads]).toEqual([1, 1, 1, 0])
  })

  test('load a key once for hundreds who ask at a time', async () => {
    const { one, other } = await stand()
    const { asked, load, hold } = origin()
    const release = hold()
    const answers = [one, other].flatMap(cache => Array.from({ length: 300 }, () => cache.getOrLoad('a', load)))
    await until(() => asked.times === 1)
    release()
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['first']))
    expect(asked.times).toBe(1)
  })

  test('share the failure of a load, and try once more after it', async () => {
    const { one, other, prefix } = await stand()
    const { asked, load, hold } = origin()
    const release = hold()
    asked.failing = new Error('origin down')
    const first = failure(one.getOrLoad('a', load))
    await until(() => asked.times === 1)
    const others = Array.from({ length: 300 }, () => failure(other.getOrLoad('a', load)))
    await until(async () => String(await admin.get(`${prefix}l:a`)).endsWith('w'))
    release()
    expect(await first).toBe('origin down')
    expect(new Set(await Promise.all(others))).toEqual(new Set(['FAULT_LOAD_ELSEWHERE']))
    expect(asked.times).toBe(1)
    asked.failing = undefined
    expect(await other.getOrLoad('a', load)).toBe('first')
    expect(asked.times).toBe(2)
  })

  test('go on when the one that loads is lost: the next takes over, once', async () => {
    const { one, other, prefix } = await stand()
    const { asked, load } = origin()
    // Of a process that died holding it.
    expect(await redisLeases(admin, { prefix }).take('a', 100)).toBeDefined()
    const answers = [one, other].flatMap(cache => Array.from({ length: 100 }, () => cache.getOrLoad('a', load)))
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['first']))
    expect(asked.times).toBe(1)
  })

  test('keep nothing in memory for longer than Redis does', async () => {
    const { one, other, prefix } = await stand({ clock: () => Date.now() })
    const { asked, load } = origin()
    const policy = { ttlMs: 4_000 }
    await one.getOrLoad('a', load, policy)
    const laterMs = Date.now() + 100
    await until(() => Date.now() > laterMs)
    await other.getOrLoad('a', load, { ttlMs: 60_000 })
    const there = other.explain('a') as { goneInMs: number; freshForMs: number }
    expect([other.counts.tierHit, asked.times]).toEqual([1, 1])
    expect(there.goneInMs).toBeLessThanOrEqual(3_900)
    const inRedis = await redisTier(admin, { prefix }).get('a')
    expect(Date.now() + there.goneInMs).toBeGreaterThanOrEqual(inRedis.entry!.goneAtMs - 1)
    const now = Date.now()
    expect(now + (other.explain('a') as { goneInMs: number }).goneInMs).toBeLessThanOrEqual(inRedis.entry!.goneAtMs + 1)
    await until(() => other.explain('a').state === 'absent' || other.explain('a').state === 'expired')
    expect((await redisTier(admin, { prefix }).get('a')).entry).toBeUndefined()
  })

  test('refresh an answer early once for both', async () => {
    const dice = { next: 1 }
    const { one, other } = await stand({ random: () => dice.next, defaults: { earlyBeta: 1, jitterFraction: 0 } })
    const { asked, load } = origin()
    await Promise.all([one.getOrLoad('a', load), other.getOrLoad('a', load)])
    expect(asked.times).toBe(1)
    asked.value = 'second'
    // The least of draws: early at any time, however cheap the load was.
    dice.next = Number.MIN_VALUE
    const policy = { earlyBeta: 1e9 }
    await one.invalidate('a')
    await until(() => other.explain('a').state === 'absent')
    await one.getOrLoad('a', load, policy)
    await other.getOrLoad('a', load, policy)
    expect(asked.times).toBe(2)
    asked.value = 'third'
    expect([await one.getOrLoad('a', load, policy), await other.getOrLoad('a', load, policy)]).toEqual([
      'second',
      'second',
    ])
    await until(() => one.get('a') === 'third' || other.get('a') === 'third')
  })
})

describe('what one process declares untrue', () => {
  test('no other serves any longer, be it by key, by tag or altogether', async () => {
    const { one, other } = await stand()
    const { asked, load } = origin()
    const policy = { tags: ['red'] }
    const declare = [() => one.invalidate('a'), () => one.invalidateTags('red'), () => one.clear()]
    for (const [round, invalidate] of declare.entries()) {
      asked.value = `value ${round}`
      expect(await other.getOrLoad('a', load, policy)).toBe(asked.value)
      expect(await one.getOrLoad('a', load, policy)).toBe(asked.value)
      await invalidate()
      await until(() => other.get('a') === undefined)
    }
    expect([asked.times, one.counts.pendingInvalidations]).toEqual([3, 0])
  })

  test('is not brought back by a load that had begun before', async () => {
    const { one, other } = await stand()
    const { asked, load, hold } = origin()
    const release = hold()
    const before = other.getOrLoad('a', load)
    await until(() => asked.times === 1)
    await one.invalidate('a')
    release()
    expect(await before).toBe('first')
    asked.value = 'second'
    expect(await one.getOrLoad('a', load)).toBe('second')
    expect(await other.getOrLoad('a', load)).toBe('second')
  })

  test('is replaced for all by what it writes', async () => {
    const { one, other } = await stand()
    const { asked, load } = origin()
    await other.getOrLoad('a', load)
    await one.set('a', 'written')
    await until(() => other.get('a') === undefined)
    expect(await other.getOrLoad('a', load)).toBe('written')
    expect(one.get('a')).toBe('written')
    expect(asked.times).toBe(1)
  })
})

describe('without Redis', () => {
  test('the service goes on, and nothing declared untrue meanwhile is lost', async () => {
    const { one, other, wire } = await stand({ sharing: { timeoutMs: 300 } })
    const { asked, load } = origin()
    for (const key of ['a', 'b', 'c']) {
      await one.getOrLoad(key, load)
      await other.getOrLoad(key, load)
    }
    await wire.cut()
    asked.value = 'second'
    // Told by who is not cut off, and by who is.
    await one.invalidate('a')
    await other.invalidate('b')
    expect(await other.getOrLoad('c', load)).toBe('first')
    expect(await other.getOrLoad('b', load)).toBe('second')
    expect(await other.getOrLoad('new', load)).toBe('second')
    expect(other.counts.pendingInvalidations).toBe(1)
    await wire.mend()
    await until(() => other.counts.pendingInvalidations === 0 && other.get('a') === undefined)
    await until(() => one.get('b') === undefined)
    expect(await one.getOrLoad('b', load)).toBe('second')
    expect(await other.getOrLoad('a', load)).toBe('second')
    expect(await one.getOrLoad('c', load)).toBe('first')
  })

  test('what is in memory is doubted after a gap: asked of Redis, and loaded where Redis has forgotten it', async () => {
    const { one, other, wire, prefix } = await stand()
    const { asked, load } = origin()
    for (const key of ['kept', 'changed']) {
      await one.getOrLoad(key, load)
      await other.getOrLoad(key, load)
    }
    await wire.cut()
    asked.value = 'second'
    await one.invalidate('changed')
    await admin.del(`${prefix}bus`)
    await one.invalidate('something else')
    await wire.mend()
    await until(() => other.get('kept') === undefined)
    expect(await other.getOrLoad('changed', load)).toBe('second')
    expect(await other.getOrLoad('kept', load)).toBe('first')
    expect([asked.times, other.get('kept')]).toEqual([3, 'first'])
  })

  test('more than may wait to be told becomes one: all of it', async () => {
    const { one, other, wire } = await stand({ sharing: { maxPendingInvalidations: 3, timeoutMs: 300 } })
    const { load } = origin()
    await one.getOrLoad('a', load)
    await wire.cut()
    await Promise.all(Array.from({ length: 10 }, (_, at) => other.invalidate(`key ${at}`)))
    expect(other.counts.pendingInvalidations).toBeLessThanOrEqual(4)
    await wire.mend()
    await until(() => one.get('a') === undefined)
    await until(() => other.counts.pendingInvalidations === 0)
  })

  test('a slow one costs a caller its limit, then nothing', async () => {
    const { one } = await stand({ sharing: { timeoutMs: 30, failuresToPause: 2, pauseMs: 60_000 } })
    const { load } = origin()
    await one.getOrLoad('before', load)
    await admin.client('PAUSE', 1_000, 'ALL')
    for (const key of ['a', 'b', 'c', 'd']) expect(await one.getOrLoad(key, load)).toBe('first')
    expect(one.counts.tierFailed).toBeGreaterThanOrEqual(2)
    expect(one.counts.tierSkipped).toBeGreaterThanOrEqual(1)
    await admin.client('UNPAUSE')
  })
})

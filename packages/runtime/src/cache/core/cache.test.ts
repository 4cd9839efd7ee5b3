import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, test } from 'vitest'
import { failure, gated, stand } from '../testing/cache-stand.ts'
import { Cache } from './cache.ts'

describe('a cache', () => {
  test('loads once, and serves that for its time', async () => {
    const { cache, now } = stand()
    let loads = 0
    const ask = () => cache.getOrLoad('a', () => ++loads)
    expect([await ask(), await ask()]).toEqual([1, 1])
    now.ms += 999
    expect(await ask()).toBe(1)
    now.ms += 1
    expect(await ask()).toBe(2)
    expect(cache.counts).toMatchObject({ hit: 2, miss: 2, loads: 2, coalesced: 0, failedLoads: 0 })
  })

  test('loads a key once for a thousand callers, also when the load fails', async () => {
    const { cache } = stand()
    const { loads, load } = gated()
    const answers = Array.from({ length: 1_000 }, () => cache.getOrLoad('a', load))
    loads[0]!.answer('loaded')
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['loaded']))
    const failures = Array.from({ length: 1_000 }, () => failure(cache.getOrLoad('b', load)))
    loads[1]!.fail(new Error('origin down'))
    expect(new Set(await Promise.all(failures))).toEqual(new Set(['origin down']))
    expect(cache.counts).toMatchObject({ loads: 2, failedLoads: 1, miss: 2_000, coalesced: 1_998 })
    expect(loads.length).toBe(2)
  })

  test('does not remember a failure unless told to, and then for so long', async () => {
    const { cache, now } = stand()
    const fail = () => {
      throw new Error('origin down')
    }
    expect(await failure(cache.getOrLoad('a', fail))).toBe('origin down')
    expect(await cache.getOrLoad('a', () => 'up again')).toBe('up again')
    const policy = { failureTtlMs: 100 }
    expect(await failure(cache.getOrLoad('b', fail, policy))).toBe('origin down')
    now.ms += 99
    expect(await failure(cache.getOrLoad('b', () => 'up again', policy))).toBe('origin down')
    expect(cache.explain('b')).toMatchObject({ state: 'failed', retryInMs: 1 })
    now.ms += 1
    expect(await cache.getOrLoad('b', () => 'up again', policy)).toBe('up again')
  })

  test('remembers that there is nothing for a time of its own', async () => {
    const { cache, now } = stand()
    let loads = 0
    const nothing = () => void loads++
    await cache.getOrLoad('forgotten', nothing)
    await cache.getOrLoad('forgotten', nothing)
    expect(loads).toBe(2)
    const ask = () => cache.getOrLoad('kept', nothing, { negativeTtlMs: 50 })
    expect([await ask(), await ask(), loads]).toEqual([undefined, undefined, 3])
    expect(cache.explain('kept')).toMatchObject({ state: 'fresh', missing: true })
    now.ms += 50
    await ask()
    expect(loads).toBe(4)
    expect(await cache.getOrLoad('null', () => null)).toBeNull()
    expect(await cache.getOrLoad('null', () => 'unasked')).toBeNull()
  })

  test('lets answers that were loaded together end apart', async () => {
    const { cache, now, dice } = stand({ defaults: { jitterFraction: 0.2 } })
    const ask = (key: string) => cache.getOrLoad(key, () => now.ms)
    dice.next = 0
    const first = await ask('whole')
    dice.next = 1
    await ask('shortened')
    now.ms += 799
    expect(await ask('shortened')).toBe(first)
    now.ms += 1
    expect(await ask('shortened')).toBe(now.ms)
    expect(await ask('whole')).toBe(first)
  })

  test('hands a loader no request’s context', async () => {
    const requests = new AsyncLocalStorage<string>()
    const { cache } = stand()
    const seen = await requests.run('request 1', () => cache.getOrLoad('a', () => String(requests.getStore())))
    expect(seen).toBe('undefined')
    expect(
      await requests.run('request 2', () => cache.getOrLoad('a', () => 'unasked').then(() => requests.getStore())),
    ).toBe('request 2')
  })

  test('refuses durations that are none', () => {
    expect(() => new Cache({ defaults: { ttlMs: -1 } })).toThrow('ttlMs')
    expect(() => new Cache({ defaults: { jitterFraction: 1.1 } })).toThrow('jitterFraction')
    expect(() => new Cache().set('a', 1, { staleIfErrorMs: Number.NaN })).toThrow('staleIfErrorMs')
  })

  test('counts its bytes by the value it was given', () => {
    const { cache } = stand({ maxBytes: 10, sizeOf: value => (value as string).length })
    void cache.set('a', 'x'.repeat(6))
    void cache.set('b', 'x'.repeat(6))
    expect([cache.size, cache.counts.evicted]).toEqual([1, 1])
  })
})

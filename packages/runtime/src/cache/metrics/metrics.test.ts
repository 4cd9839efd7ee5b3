import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Cache } from '../core/cache.ts'
import { cacheChannel, type CacheEvent } from '../core/events.ts'
import { openMetrics } from './open-metrics.ts'
import { SpaceSaving } from './space-saving.ts'
import { watchTopKeys } from './top-keys.ts'

const failing = () => Promise.reject(new Error('origin down'))

describe('the metrics of caches', () => {
  test('read as OpenMetrics', async () => {
    const cache = new Cache({ name: 'the "users"\n\\' })
    await cache.getOrLoad('a', () => 1)
    await cache.getOrLoad('a', () => 1)
    await cache.getOrLoad('b', failing).catch(() => undefined)
    const text = openMetrics(cache, new Cache())
    const families = parse(text)
    expect(families.get('whetstone_cache_requests')?.get('cache="the \\"users\\"\\n\\\\",outcome="hit"')).toBe(1)
    expect(families.get('whetstone_cache_requests')?.get('cache="the \\"users\\"\\n\\\\",outcome="miss"')).toBe(2)
    expect(families.get('whetstone_cache_failed_loads')?.get('cache="the \\"users\\"\\n\\\\"')).toBe(1)
    expect(families.get('whetstone_cache_load_seconds')?.get('cache="cache"')).toBe(0)
    expect(families.get('whetstone_cache_entries')?.get('cache="the \\"users\\"\\n\\\\"')).toBe(1)
    expect(() => openMetrics(new Cache(), new Cache())).toThrow('two caches are named cache')
  })

  test('name the keys asked for most where that is watched, and twenty at most', async () => {
    const users = new Cache({ name: 'users' })
    const topKeys = watchTopKeys({ cache: 'users' })
    const strange = 'line one\nsaid "two" \\'
    for (const key of [strange, strange, ...Array.from({ length: 30 }, (_, at) => `user:${at}`)])
      await users.getOrLoad(key, () => 1)
    topKeys.close()
    const text = openMetrics({ cache: users, topKeys }, new Cache())
    const family = parse(text).get('whetstone_cache_top_key_requests')!
    expect([...family.keys()].slice(0, 2)).toEqual([
      'cache="users",key="line one\\nsaid \\"two\\" \\\\"',
      'cache="users",key="user:0"',
    ])
    expect([family.size, ...[...family.values()].slice(0, 2)]).toEqual([20, 2, 1])
    expect(openMetrics(users)).not.toContain('top_key')
    expect(() => openMetrics(users, { cache: users, topKeys })).toThrow('two caches are named users')
  })

  test('say every event to who listens', async () => {
    const events: unknown[] = []
    const cache = new Cache({ name: 'observed' })
    const listener = (event: unknown) => events.push(event)
    cacheChannel.subscribe(listener)
    await Promise.all([cache.getOrLoad('a', () => 1), cache.getOrLoad('a', () => 1)])
    await cache.getOrLoad('a', () => 1)
    await cache.getOrLoad('b', failing).catch(() => undefined)
    cacheChannel.unsubscribe(listener)
    await cache.getOrLoad('a', () => 1)
    const of = { cache: 'observed', key: 'a' }
    expect(events).toEqual([
      { ...of, kind: 'miss', coalesced: false },
      { ...of, kind: 'miss', coalesced: true },
      { ...of, kind: 'load', loadMs: expect.any(Number) as number, failed: false },
      { ...of, kind: 'hit' },
      { ...of, key: 'b', kind: 'miss', coalesced: false },
      { ...of, key: 'b', kind: 'load', loadMs: expect.any(Number) as number, failed: true },
    ])
  })

  test('say what is pushed out, and nothing of what leaves otherwise', async () => {
    const pushedOut: string[] = []
    const listener = (event: unknown) => {
      const { kind, key } = event as CacheEvent
      if (kind === 'evicted') pushedOut.push(key)
    }
    const cache = new Cache({ maxEntries: 2, policy: 'fifo' })
    await cache.set('unheard', 1)
    await cache.set('a', 1)
    await cache.set('b', 1)
    cacheChannel.subscribe(listener)
    await cache.set('c', 1)
    await cache.set('b', 2)
    await cache.invalidate('c')
    await cache.set('d', 1)
    await cache.clear()
    cacheChannel.unsubscribe(listener)
    expect([pushedOut, cache.counts.evicted]).toEqual([['a'], 2])
    expect(openMetrics(cache)).toContain('whetstone_cache_evicted_total{cache="cache"} 2\n')
  })

  test('name the keys asked for most, of one cache or of what its origin is asked', async () => {
    const [users, prices] = [new Cache({ name: 'users' }), new Cache({ name: 'prices' })]
    const watches = [watchTopKeys({ cache: 'users' }), watchTopKeys({ kinds: ['load'] })] as const
    for (const key of ['a', 'b', 'a', 'a']) await users.getOrLoad(key, () => key)
    await prices.getOrLoad('c', () => 1)
    expect(watches[0].top(2)).toEqual([
      { key: 'a', count: 3, overcount: 0 },
      { key: 'b', count: 1, overcount: 0 },
    ])
    expect(watches[1].top(9).map(({ key, count }) => [key, count])).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 1],
    ])
    for (const watch of watches) watch.close()
    await users.getOrLoad('a', () => 1)
    expect(watches[0].top(1)[0]?.count).toBe(3)
    expect(cacheChannel.hasSubscribers).toBe(false)
  })
})

describe('space-saving', () => {
  test('counts within its error, and never misses what is frequent', () => {
    const keys = fc.array(fc.nat({ max: 30 }).map(String), { maxLength: 400 })
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 40 }), (stream, capacity) => {
        const sketch = new SpaceSaving(capacity)
        const exact = new Map<string, number>()
        for (const key of stream) {
          sketch.note(key)
          exact.set(key, (exact.get(key) ?? 0) + 1)
        }
        const kept = sketch.top(capacity + 1)
        expect(kept.length).toBe(Math.min(capacity, exact.size))
        for (const { key, count, overcount } of kept) {
          const truth = exact.get(key)!
          expect(count - overcount <= truth && truth <= count).toBe(true)
        }
        const names = new Set(kept.map(({ key }) => key))
        for (const [key, truth] of exact) if (truth > stream.length / capacity) expect(names.has(key)).toBe(true)
        expect(kept.map(({ count }) => count)).toEqual(kept.map(({ count }) => count).toSorted((a, b) => b - a))
      }),
    )
    expect(() => new SpaceSaving(0)).toThrow('capacity')
  })
})

/** As the specification has it: families in one piece, metadata first, `_total` for counters, each series once, one `# EOF` at the end. */
function parse(text: string): Map<string, Map<string, number>> {
  expect(text.endsWith('\n# EOF\n')).toBe(true)
  const families = new Map<string, Map<string, number>>()
  let family = ''
  let type = ''
  for (const line of text.slice(0, -'# EOF\n'.length).trimEnd().split('\n')) {
    const meta = /^# (TYPE|UNIT|HELP) ([a-z_]+) (.+)$/.exec(line)
    if (meta?.[1] === 'TYPE') {
      ;[family, type] = [meta[2]!, meta[3]!]
      expect(families.has(family)).toBe(false)
      expect(['counter', 'gauge']).toContain(type)
      families.set(family, new Map())
    } else if (meta !== null) {
      expect(meta[2]).toBe(family)
      expect(families.get(family)!.size).toBe(0)
      if (meta[1] === 'UNIT') expect(family.endsWith(`_${meta[3]}`)).toBe(true)
    } else {
      const sample = /^([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\[\\n"])*",?)+)\} (\d+(?:\.\d+)?(?:e-\d+)?)$/.exec(line)
      expect(sample?.[1]).toBe(type === 'counter' ? `${family}_total` : family)
      expect(families.get(family)!.has(sample![2]!)).toBe(false)
      families.get(family)!.set(sample![2]!, Number(sample![3]))
    }
  }
  return families
}

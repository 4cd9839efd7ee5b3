import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Leaving, MemoryCache, type MemoryCacheOptions } from './memory-cache.ts'
import { policies, type PolicyName } from './policies/named.ts'

const everyPolicy = Object.keys(policies) as PolicyName[]

/** A cache on a clock that stands until it is told to go on. */
function stand<Value = number>(options: MemoryCacheOptions<string | number, Value> = {}) {
  const now = { ms: 1_700_000_000_000 }
  const left: [key: string | number, value: Value, why: Leaving][] = []
  const cache = new MemoryCache<string | number, Value>({
    clock: () => now.ms,
    onLeave: (...what) => void left.push(what),
    ...options,
  })
  return { cache, now, left }
}

describe('the memory cache', () => {
  test('gives back what was set, under keys of every kind', () => {
    const cache = new MemoryCache<string | number | bigint | boolean, string>()
    const keys = ['1', 1, 1n, true, '', -0.5, 2 ** 40, 'ä'.repeat(1_000)]
    for (const key of keys) cache.set(key, `${typeof key} ${key}`)
    expect(keys.map(key => cache.get(key))).toEqual(keys.map(key => `${typeof key} ${key}`))
    expect(cache.size).toBe(keys.length)
  })

  test('tells an undefined value from none only by has', () => {
    const { cache } = stand<number | undefined>()
    cache.set('there', undefined)
    expect([cache.get('there'), cache.has('there'), cache.has('not there')]).toEqual([undefined, true, false])
  })

  test('serves an entry until its time is over, and not in that millisecond', () => {
    const { cache, now } = stand({ ttlMs: 1_000 })
    cache.set('default', 1)
    cache.set('short', 2, 10)
    cache.set('for ever', 3, Infinity)
    cache.setUntil('by the clock', 4, now.ms + 500)
    const read = () => ['default', 'short', 'for ever', 'by the clock'].map(key => cache.get(key))
    now.ms += 9
    expect(read()).toEqual([1, 2, 3, 4])
    now.ms += 1
    expect(read()).toEqual([1, undefined, 3, 4])
    now.ms += 490
    expect(read()).toEqual([1, undefined, 3, undefined])
    now.ms += 500
    expect(read()).toEqual([undefined, undefined, 3, undefined])
  })

  test('says of every value why it left', () => {
    const { cache, now, left } = stand({ maxEntries: 2, policy: 'fifo' })
    cache.set('a', 1)
    cache.set('a', 2)
    cache.set('b', 3, 10)
    cache.set('c', 4)
    now.ms += 10
    cache.get('b')
    cache.delete('c')
    cache.set('d', 5)
    cache.clear()
    expect(left).toEqual([
      ['a', 1, 'replaced'],
      ['a', 2, 'capacity'],
      ['b', 3, 'expired'],
      ['c', 4, 'deleted'],
      ['d', 5, 'cleared'],
    ])
    expect(cache.counts).toEqual({ hits: 0, misses: 1, sets: 5, evicted: 1, expired: 1 })
  })

  test('tells who wants no more of what it pushed out, when it is gone', () => {
    const pushedOut: [key: string, isThere: boolean][] = []
    const cache: MemoryCache<string, number> = new MemoryCache({
      maxEntries: 1,
      onEvict: key => pushedOut.push([key, cache.has(key)]),
    })
    cache.set('a', 1)
    cache.set('a', 2)
    cache.set('b', 3)
    cache.delete('b')
    cache.set('c', 4)
    cache.clear()
    expect(pushedOut).toEqual([['a', false]])
  })

  test('does not keep what is larger than all of it, nor what was there before', () => {
    const { cache, left } = stand({ maxBytes: 100, sizeOf: size => size })
    expect(cache.set('a', 60)).toBe(true)
    expect(cache.set('a', 101)).toBe(false)
    expect([cache.get('a'), cache.size, cache.sizeBytes]).toEqual([undefined, 0, 0])
    expect(left).toEqual([['a', 60, 'replaced']])
  })

  test('does not keep what is over already', () => {
    const { cache, now } = stand()
    cache.set('a', 1)
    expect(cache.setUntil('a', 2, now.ms)).toBe(false)
    expect(cache.has('a')).toBe(false)
    expect(cache.set('b', 1, Number.NaN)).toBe(false)
  })

  test('drops what nobody asks for any more, a little at each new key', () => {
    const { cache, now } = stand({ maxEntries: 1_000 })
    for (let key = 0; key < 500; key++) cache.set(key, key, 1_000)
    now.ms += 1_000
    for (let key = 500; key < 760; key++) cache.set(key, key)
    expect([cache.size, cache.counts.expired]).toEqual([260, 500])
  })

  test('refuses bounds that are none', () => {
    const made = (options: MemoryCacheOptions<string, number>) => () => new MemoryCache(options)
    expect(made({ maxEntries: 0 })).toThrow(RangeError)
    expect(made({ maxEntries: 1.5 })).toThrow(RangeError)
    expect(made({ maxEntries: 2 ** 24 })).toThrow(RangeError)
    expect(made({ maxBytes: 10 })).toThrow('go together')
    expect(made({ sizeOf: () => 1 })).toThrow('go together')
    expect(made({ ttlMs: 0 })).toThrow(RangeError)
    expect(() => new MemoryCache<string, number>({ maxBytes: 10, sizeOf: () => 0.5 }).set('a', 1)).toThrow('sizeOf')
  })

  test('goes by the system clock when it is given none', async () => {
    const cache = new MemoryCache<string, number>()
    const startedMs = Date.now()
    cache.set('a', 1, 20)
    while (cache.has('a') && Date.now() < startedMs + 10_000) await new Promise(resolve => setTimeout(resolve, 1))
    expect(cache.get('a')).toBeUndefined()
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(19)
  })
})

describe.each(everyPolicy)('a cache with %s', policy => {
  test('begins again with its most useful entries, also where half as much fits', () => {
    const { cache, now } = stand({ maxEntries: 100, policy })
    for (let key = 0; key < 100; key++) cache.set(key, key, 1_000 + key)
    now.ms += 1_049
    const kept = [...cache.entries()]
    expect(kept.map(entry => entry.value).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, at) => at + 50),
    )
    const again = new MemoryCache<string | number, number>({ maxEntries: 100, policy, clock: () => now.ms })
    for (const { key, value, goneAtMs } of kept) again.setUntil(key, value, goneAtMs)
    expect([again.get(99), again.get(40)]).toEqual([99, undefined])
    now.ms += 51
    expect([again.size, again.get(99)]).toEqual([50, undefined])
  })

  test('is never over its bound, never late, exact in its bytes, and right in each value', () => {
    const step = fc.record({
      what: fc.constantFrom(
        'get' as const,
        'get' as const,
        'set' as const,
        'set' as const,
        'delete' as const,
        'clear' as const,
        'pass' as const,
      ),
      key: fc.integer({ min: 0, max: 60 }),
      size: fc.integer({ min: 1, max: 40 }),
      ms: fc.integer({ min: 1, max: 50 }),
      ever: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 20, maxLength: 150 }),
        fc.integer({ min: 1, max: 40 }),
        (steps, maxEntries) => {
          const maxBytes = 200
          const here = stand<{ readonly id: number; readonly size: number }>({
            maxEntries,
            maxBytes,
            sizeOf: value => value.size,
            policy,
          })
          const { cache, now, left } = here
          const truth = new Map<number, { id: number; size: number; goneAtMs: number }>()
          for (const [id, { what, key, size, ms, ever }] of steps.entries()) {
            if (what === 'pass') now.ms += ms
            else if (what === 'delete') {
              cache.delete(key)
              truth.delete(key)
            } else if (what === 'clear' && id % 10 === 0) {
              cache.clear()
              truth.clear()
            } else if (what === 'set') {
              const goneAtMs = ever ? Infinity : now.ms + ms
              cache.setUntil(key, { id, size }, goneAtMs)
              truth.set(key, { id, size, goneAtMs })
            } else {
              const [found, real] = [cache.get(key), truth.get(key)]
              if (found !== undefined) expect([real?.id, real!.goneAtMs > now.ms]).toEqual([found.id, true])
            }
            const kept = [...cache.entries()]
            const bytes = kept.reduce((sum, entry) => sum + entry.value.size, 0)
            const whole = kept.every(entry => cache.peek(entry.key) === entry.value)
            const bounded = cache.size <= maxEntries && cache.sizeBytes <= maxBytes
            if (!whole || !bounded || bytes > cache.sizeBytes || kept.length > cache.size)
              throw new Error(
                `step ${id}: ${bytes} of ${cache.sizeBytes} bytes, ${kept.length} of ${cache.size} entries`,
              )
          }
          // Every value that came either left once or is still there.
          const sets = steps.filter(({ what }) => what === 'set').length
          cache.clear()
          expect([cache.size, cache.sizeBytes]).toEqual([0, 0])
          expect(left.length).toBe(sets)
          expect(new Set(left.map(([, value]) => value.id)).size).toBe(sets)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('keeps everything while there is room', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 100 }), keys => {
        const cache = new MemoryCache<string, string>({ maxEntries: 100, policy })
        for (const key of keys) cache.set(key, key)
        expect(keys.every(key => cache.get(key) === key)).toBe(true)
        expect(cache.counts.evicted).toBe(0)
      }),
    )
  })
})

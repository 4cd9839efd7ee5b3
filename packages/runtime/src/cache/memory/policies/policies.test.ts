import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryCache } from '../memory-cache.ts'
import { plainFifo, plainLru, type PlainPolicy, plainS3Fifo, plainSieve } from '../testing/plain-policies.ts'
import { Ghost } from './ghost.ts'
import type { PolicyName } from './named.ts'
import { Sketch } from './sketch.ts'

/** The size is of a `set` alone. */
type Operation = readonly [what: 'get' | 'delete' | 'set', key: number, size: number]

const key = fc.integer({ min: 0, max: 24 })
const operations = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant('get' as const), key, fc.constant(0)) },
    { weight: 5, arbitrary: fc.tuple(fc.constant('set' as const), key, fc.integer({ min: 1, max: 9 })) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('delete' as const), key, fc.constant(0)) },
  ),
  { minLength: 20, maxLength: 150 },
)

/** A cache of arrays and plain maps, bounded in weight. */
class PlainCache {
  readonly sizes = new Map<number, number>()
  constructor(
    readonly policy: PlainPolicy,
    readonly max: number,
    readonly sized: boolean,
  ) {}

  get weight(): number {
    return [...this.sizes.values()].reduce((sum, size) => sum + size, 0)
  }

  apply([what, of, size]: Operation): void {
    if (what === 'get') {
      if (this.sizes.has(of)) this.policy.hit(of)
    } else if (what === 'delete') this.drop(of)
    else this.set(of, this.sized ? size : 1)
  }

  drop(of: number): void {
    if (this.sizes.delete(of)) this.policy.remove(of)
  }

  set(of: number, size: number): void {
    if (size > this.max) return this.drop(of)
    if (this.sizes.has(of)) {
      this.sizes.set(of, size)
      this.policy.hit(of)
      while (this.weight > this.max) this.sizes.delete(this.policy.evict())
      return
    }
    while (this.weight + size > this.max) this.sizes.delete(this.policy.evict())
    this.policy.insert(of)
    this.sizes.set(of, size)
  }
}

/** The arrays of the cache double from 16 on; the ghost of S3-FIFO is made anew with them, nine tenths as long. */
const ghostOf = (places: number) => Math.ceil(places * 0.9)

interface PlainMaking {
  readonly max: number
  readonly places: number
  readonly weightOf: (key: number) => number
}

const plain: Record<Exclude<PolicyName, 'w-tiny-lfu'>, (making: PlainMaking) => PlainPolicy> = {
  's3-fifo': ({ max, places, weightOf }) => plainS3Fifo(max, ghostOf(places), weightOf),
  lru: plainLru,
  sieve: plainSieve,
  fifo: plainFifo,
}

/** Runs both and says where they first differ. One comparison of text a step: asserting each would take most of the time. */
function firstDifference(cache: MemoryCache<number, number>, model: PlainCache, many: readonly Operation[]) {
  for (const [at, operation] of many.entries()) {
    const [what, of, size] = operation
    if (what === 'get') cache.get(of)
    else if (what === 'delete') cache.delete(of)
    else cache.set(of, size)
    model.apply(operation)
    const [ours, theirs] = [Array.from(cache.entries(), entry => entry.key).join(), model.policy.keys().join()]
    if (ours !== theirs) return { at, ours, theirs }
    if (model.sized && cache.sizeBytes !== model.weight) return { at, ours: cache.sizeBytes, theirs: model.weight }
  }
  return undefined
}

describe.each(Object.keys(plain) as (keyof typeof plain)[])('%s', policy => {
  test('keeps what its plain version keeps, in its order of leaving, by count', () => {
    fc.assert(
      fc.property(operations, fc.integer({ min: 1, max: 16 }), (many, max) => {
        const model = new PlainCache(plain[policy]({ max, places: max, weightOf: () => 1 }), max, false)
        const cache = new MemoryCache<number, number>({ policy, maxEntries: max })
        expect(firstDifference(cache, model, many)).toBeUndefined()
      }),
    )
  })

  test('keeps what its plain version keeps, in its order of leaving, by bytes', () => {
    fc.assert(
      // Never more than fit in the first sixteen places: the ghost is not made anew on the way.
      fc.property(operations, fc.integer({ min: 4, max: 16 }), (many, max) => {
        const weightOf = (of: number): number => model.sizes.get(of)!
        const model: PlainCache = new PlainCache(plain[policy]({ max, places: 16, weightOf }), max, true)
        const cache = new MemoryCache<number, number>({ policy, maxBytes: max, sizeOf: size => size })
        expect(firstDifference(cache, model, many)).toBeUndefined()
      }),
    )
  })
})

function use(cache: MemoryCache<number, string>, key: number): void {
  if (cache.get(key) === undefined) cache.set(key, 'loaded')
}

describe('w-tiny-lfu', () => {
  test('keeps what is asked for often while a stream of keys asked for once goes by', () => {
    const cache = new MemoryCache<number, string>({ policy: 'w-tiny-lfu', maxEntries: 100 })
    for (let round = 0; round < 5; round++) for (let popular = 0; popular < 50; popular++) use(cache, popular)
    for (let once = 1_000; once < 6_000; once++) {
      cache.set(once, 'once')
      cache.get(once % 50)
    }
    expect(Array.from({ length: 50 }, (_, popular) => cache.has(popular)).every(Boolean)).toBe(true)
  })

  test('lets what was popular go when something else is', () => {
    const cache = new MemoryCache<number, string>({ policy: 'w-tiny-lfu', maxEntries: 100 })
    for (const from of [0, 500])
      for (let round = 0; round < 60; round++)
        for (let popular = from; popular < from + 99; popular++) use(cache, popular)
    const left = Array.from(cache.entries(), entry => entry.key)
    expect(left.filter(of => of >= 500).length).toBeGreaterThan(80)
  })
})

describe('the ghost', () => {
  test('remembers the last so many, and no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.integer({ min: 0, max: 30 })), (capacity, hashes) => {
        const ghost = new Ghost()
        ghost.resize(capacity)
        // Spread over the rows as the hash of a key would be.
        const spread = hashes.map(hash => Math.imul(hash, 0x9e3779b1) >>> 0)
        for (const hash of spread) ghost.add(hash)
        const remembered = new Set(spread.slice(-capacity))
        for (const hash of new Set(spread)) expect(ghost.take(hash)).toBe(remembered.has(hash))
        for (const hash of new Set(spread)) expect(ghost.take(hash)).toBe(false)
      }),
    )
  })

  test('of a hundred thousand forgets hardly any too early, and takes hardly a stranger for one of them', () => {
    const ghost = new Ghost()
    ghost.resize(100_000)
    const hash = (of: number) => Math.imul((of ^ (of >>> 15)) + 1, 0x9e3779b1) >>> 0
    for (let of = 0; of < 300_000; of++) ghost.add(hash(of))
    const known = (from: number, to: number) => {
      let count = 0
      for (let of = from; of < to; of++) if (ghost.take(hash(of))) count++
      return count / (to - from)
    }
    expect(known(0, 190_000)).toBeLessThan(0.001)
    expect(known(1_000_000, 1_100_000)).toBeLessThan(0.001)
    expect(known(205_000, 300_000)).toBeGreaterThan(0.97)
  })
})

describe('the sketch', () => {
  test('never says less than was counted, up to fifteen, before it halves', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 40 }), { maxLength: 500 }), hashes => {
        const sketch = new Sketch()
        sketch.resize(64)
        for (const hash of hashes) sketch.add(hash)
        for (const hash of new Set(hashes))
          expect(sketch.estimate(hash)).toBeGreaterThanOrEqual(
            Math.min(15, hashes.filter(other => other === hash).length),
          )
      }),
    )
  })
})

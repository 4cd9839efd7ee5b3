import { describe, expect, test } from 'vitest'
import { mapTier } from '../../testing/map-tier.ts'
import { until } from '../../testing/until.ts'
import type { InvalidationBus, Lease, Leases, LoadOutcome } from '../../tier.ts'
import { Cache } from '../cache.ts'
import type { CacheOptions } from '../options.ts'
import type { SharedOptions } from './shared.ts'

const deafBus: InvalidationBus = { publish: async () => {}, subscribe: async () => async () => {} }

/** Leases of a store where nobody else is, which remember what was done with them. */
function lonelyLeases() {
  const seen = { taken: 0, extended: 0, outcomes: [] as LoadOutcome[], failing: false }
  const lease = (): Lease => ({
    fence: ++seen.taken,
    extend: async () => ++seen.extended > 0,
    release: async outcome => void seen.outcomes.push(outcome),
  })
  const leases: Leases = {
    async take() {
      if (seen.failing) throw new Error('store down')
      return lease()
    },
    wait: async () => ({ kind: 'lost' }),
    isHeld: async () => false,
    close: async () => {},
  }
  return { seen, leases }
}

function stand(also: Partial<SharedOptions> = {}, options: CacheOptions = {}) {
  const tier = mapTier(() => Date.now())
  const { seen, leases } = lonelyLeases()
  const shared = { tier, leases, bus: deafBus, timeoutMs: 5_000, ...also }
  const cache = new Cache({ ...options, shared, defaults: { jitterFraction: 0, earlyBeta: 0, ...options.defaults } })
  return { cache, tier, seen }
}

describe('a load with a shared tier', () => {
  test('holds its lease by a sign of life until it ends, and says how it ended', async () => {
    const { cache, seen } = stand({ leaseHoldMs: 30 })
    let answer!: (value: string) => void
    const loading = cache.getOrLoad('a', () => new Promise<string>(resolve => (answer = resolve)))
    await until(() => seen.extended >= 3)
    answer('value')
    expect(await loading).toBe('value')
    const { extended } = seen
    await expect(cache.getOrLoad('b', () => Promise.reject(new Error('origin down')))).rejects.toThrow('origin down')
    expect(seen.extended - extended).toBeLessThanOrEqual(1)
    expect(seen.outcomes).toEqual([{ kind: 'stored' }, { kind: 'failed', message: 'origin down' }])
  })

  test('goes on without a lease where none can be taken', async () => {
    const { cache, tier, seen } = stand()
    seen.failing = true
    expect(await cache.getOrLoad('a', () => 'value')).toBe('value')
    expect((await tier.get('a')).entry).toBeDefined()
  })

  test('asks the origin where the tier fails, and the tier no more for a while', async () => {
    const { cache, tier } = stand({ failuresToPause: 2, pauseMs: 60_000 })
    tier.failing = new Error('store down')
    for (const key of ['a', 'b', 'c']) expect(await cache.getOrLoad(key, () => key)).toBe(key)
    expect(cache.counts).toMatchObject({ loads: 3, tierFailed: 2 })
    expect(cache.counts.tierSkipped).toBeGreaterThan(0)
    expect(await cache.getOrLoad('a', () => 'unasked')).toBe('a')
  })

  test('serves what the tier has stale, and has it loaded behind', async () => {
    const { cache, tier } = stand()
    const writer = stand({ tier }).cache
    const policy = { ttlMs: 0, staleWhileRevalidateMs: 60_000 }
    await writer.set('a', 'old', policy)
    expect(await cache.getOrLoad('a', () => 'new', { staleWhileRevalidateMs: 60_000 })).toBe('old')
    await until(() => cache.get('a') === 'new')
  })

  test('serves what the tier has too old where the origin fails', async () => {
    const { cache, tier } = stand()
    const policy = { ttlMs: 0, staleIfErrorMs: 60_000 }
    await stand({ tier }).cache.set('a', 'old', policy)
    expect(await cache.getOrLoad('a', () => Promise.reject(new Error('origin down')), policy)).toBe('old')
  })

  test('is kept nowhere when the tier refuses it for an invalidation meanwhile', async () => {
    const { cache, tier } = stand()
    let answer!: (value: string) => void
    const loading = cache.getOrLoad('a', () => new Promise<string>(resolve => (answer = resolve)))
    await until(() => answer !== undefined)
    await tier.delete(['a'])
    answer('old')
    expect(await loading).toBe('old')
    expect(cache.get('a')).toBeUndefined()
    expect(await cache.getOrLoad('a', () => 'new')).toBe('new')
  })

  test('remembers for all that there is nothing', async () => {
    const { cache, tier } = stand()
    const policy = { negativeTtlMs: 60_000 }
    expect(await cache.getOrLoad('a', () => undefined, policy)).toBeUndefined()
    expect(await stand({ tier }).cache.getOrLoad('a', () => 'unasked', policy)).toBeUndefined()
  })

  test('refuses bounds that are none', () => {
    expect(() => stand({ timeoutMs: 0 })).toThrow('timeoutMs')
    expect(() => stand({ leaseHoldMs: Number.NaN })).toThrow('leaseHoldMs')
  })
})

describe('an invalidation', () => {
  test('reaches the tier also while the bus cannot be told, and is told to it later', async () => {
    const published: (readonly string[])[] = []
    const bus = {
      failing: true,
      async publish({ keys }: { readonly keys: readonly string[] }) {
        if (bus.failing) throw new Error('bus down')
        published.push(keys)
      },
      subscribe: async () => async () => {},
    }
    const { cache, tier } = stand({ bus, timeoutMs: 20 })
    await cache.getOrLoad('a', () => 'old')
    await cache.getOrLoad('b', () => 'old')
    await Promise.all([cache.invalidate('a'), cache.invalidate('b')])
    await until(async () => (await tier.getMany(['a', 'b'])).every(({ entry }) => entry === undefined))
    expect(cache.counts.pendingInvalidations).toBe(2)
    bus.failing = false
    await until(() => cache.counts.pendingInvalidations === 0)
    expect(published.flat().toSorted()).toEqual(['a', 'b'])
  })

  test('is respected by this process while the tier cannot be told', async () => {
    const tier = mapTier(() => Date.now())
    const readOnly = { now: false }
    const unlessReadOnly = async <Answer>(write: () => Promise<Answer>): Promise<Answer> => {
      if (readOnly.now) throw new Error('read only')
      return await write()
    }
    const { cache } = stand({
      timeoutMs: 20,
      pauseMs: 1,
      tier: {
        ...tier,
        delete: keys => unlessReadOnly(() => tier.delete(keys)),
        stampTags: tags => unlessReadOnly(() => tier.stampTags(tags)),
      },
    })
    await cache.getOrLoad('a', () => 'old', { tags: ['red'] })
    readOnly.now = true
    await cache.invalidate('a')
    expect(await cache.getOrLoad('a', () => 'new')).toBe('new')
    await cache.invalidateTags('red')
    expect(await cache.getOrLoad('b', () => 'new', { tags: ['red'] })).toBe('new')
    expect((await tier.get('a')).entry).toBeDefined()
    readOnly.now = false
    await until(() => cache.counts.pendingInvalidations === 0)
    expect((await tier.get('a')).entry).toBeUndefined()
  })
})

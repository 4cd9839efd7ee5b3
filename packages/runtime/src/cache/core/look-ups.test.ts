import { describe, expect, test } from 'vitest'
import { stand } from '../testing/cache-stand.ts'
import { mapTier } from '../testing/map-tier.ts'
import { Cache } from './cache.ts'

/** Two caches over one tier, as two processes have it; nobody tells the one what the other invalidates. */
function pair() {
  const now = { ms: Date.now() }
  const tier = mapTier(() => now.ms)
  const made = () => new Cache({ clock: () => now.ms, shared: { tier }, defaults: { ttlMs: 1_000, jitterFraction: 0 } })
  return { one: made(), other: made(), tier, now }
}

const nothingServes = () => false

describe('what was made since a look-up', () => {
  test('is kept, and served by the next', async () => {
    const { cache, now } = stand()
    const { value, since } = await cache.lookUp('a')
    expect(value).toBeUndefined()
    expect(await cache.fill('a', 'made', since, { ttlMs: 500 })).toBe(true)
    expect([(await cache.lookUp('a')).value, cache.get('a')]).toEqual(['made', 'made'])
    now.ms += 500
    expect((await cache.lookUp('a')).value).toBeUndefined()
    expect(cache.counts).toMatchObject({ hit: 2, miss: 2, loads: 0 })
  })

  test.each<[what: string, declare: (cache: Cache) => unknown]>([
    ['its key is invalidated', cache => cache.invalidate('a')],
    ['its key is written', cache => cache.set('a', 'written')],
    ['a tag of it is invalidated', cache => cache.invalidateTags('red')],
    ['all is cleared', cache => cache.clear()],
    ['the cache is closed', cache => cache.close()],
  ])('is not kept when meanwhile %s', async (_, declare) => {
    const { cache } = stand()
    const { since } = await cache.lookUp('a')
    await declare(cache)
    const before = cache.get('a')
    expect(await cache.fill('a', 'made', since, { tags: ['red'] })).toBe(false)
    expect(cache.get('a')).toBe(before)
  })

  test('is kept though something else was invalidated', async () => {
    const { cache } = stand()
    const { since } = await cache.lookUp('a')
    await cache.invalidate('b')
    await cache.invalidateTags('green')
    expect(await cache.fill('a', 'made', since, { tags: ['red'] })).toBe(true)
  })
})

describe('two processes with one tier', () => {
  test('find what either of them made', async () => {
    const { one, other } = pair()
    const { since } = await one.lookUp('a')
    expect(await one.fill('a', { made: 1 }, since)).toBe(true)
    expect((await other.lookUp('a')).value).toEqual({ made: 1 })
    expect(other.get('a')).toEqual({ made: 1 })
    expect(other.counts).toMatchObject({ tierHit: 1, loads: 0 })
  })

  test('keep nothing that one was making when the other declared it untrue', async () => {
    const { one, other } = pair()
    for (const declare of [() => other.invalidate('a'), () => other.set('a', 'written')]) {
      const { since } = await one.lookUp('a', nothingServes)
      await declare()
      expect(await one.fill('a', 'read before', since)).toBe(false)
      expect(one.get('a')).toBeUndefined()
    }
    expect((await one.lookUp('a')).value).toBe('written')
  })

  test('take what the other has renewed where their own does not serve', async () => {
    const { one, other } = pair()
    await one.fill('a', 'old', (await one.lookUp('a')).since)
    expect((await other.lookUp('a')).value).toBe('old')
    await one.fill('a', 'new', (await one.lookUp('a', nothingServes)).since)
    expect((await other.lookUp('a')).value).toBe('old')
    expect((await other.lookUp('a', value => value !== 'old')).value).toBe('new')
  })

  test('ask the tier once for all who look a key up at a time, and anew after an invalidation', async () => {
    const { one, other, tier } = pair()
    await other.fill('a', 'made', (await other.lookUp('a')).since)
    const before = tier.calls
    const early = Array.from({ length: 100 }, () => one.lookUp('a'))
    expect(tier.calls - before).toBe(2)
    const told = one.invalidate('a')
    const late = one.lookUp('a')
    expect((await Promise.all(early)).map(({ value }) => value)).toEqual(Array(100).fill(undefined))
    expect((await late).value).toBeUndefined()
    await told
  })

  test('go on alone while the tier fails, with what they made themselves', async () => {
    const { one, tier } = pair()
    tier.failing = new Error('away')
    const { value, since } = await one.lookUp('a')
    expect([value, since.sharedVersion]).toEqual([undefined, 0])
    expect(await one.fill('a', 'made', since)).toBe(true)
    expect((await one.lookUp('a', nothingServes)).value).toBe('made')
    expect(one.counts.tierFailed).toBe(2)
  })
})

import { describe, expect, test } from 'vitest'
import { Context } from '../../context.ts'
import { failure, gated, stand, turn } from '../testing/cache-stand.ts'
import type { LoadPolicy } from './load-policy.ts'

describe('what is stale', () => {
  const policy: LoadPolicy = { staleWhileRevalidateMs: 500, staleIfErrorMs: 2_000 }

  test('is served at once while one load replaces it', async () => {
    const { cache, now } = stand()
    const { loads, load } = gated()
    void cache.set('a', 'old', policy)
    now.ms += 1_000
    expect(await Promise.all([1, 2, 3].map(() => cache.getOrLoad('a', load, policy)))).toEqual(['old', 'old', 'old'])
    expect(cache.explain('a')).toMatchObject({ state: 'stale', loading: { waiting: 0 }, freshForMs: 0 })
    loads[0]!.answer('new')
    await turn()
    expect(await cache.getOrLoad('a', load, policy)).toBe('new')
    expect([loads.length, cache.counts.stale, cache.counts.miss]).toEqual([1, 3, 0])
  })

  test('is waited past when its time is over', async () => {
    const { cache, now } = stand()
    void cache.set('a', 'old', policy)
    now.ms += 1_500
    expect(cache.explain('a').state).toBe('expired')
    expect(await cache.getOrLoad('a', () => 'new', policy)).toBe('new')
  })

  test('is served where the load fails, until that is too old too', async () => {
    const { cache, now } = stand()
    const fail = () => Promise.reject(new Error('origin down'))
    void cache.set('a', 'old', policy)
    now.ms += 2_999
    const ask = () => cache.getOrLoad('a', fail, policy)
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['old', 'old', 'old'])
    now.ms += 1
    expect(await failure(ask())).toBe('origin down')
    expect(cache.counts).toMatchObject({ failedLoads: 2, stale: 3, miss: 4, coalesced: 2 })
  })

  test('is served without a try while a failure holds it off', async () => {
    const { cache, now } = stand()
    const holding = { ...policy, failureTtlMs: 100 }
    let loads = 0
    const ask = () =>
      cache.getOrLoad(
        'a',
        () => {
          loads++
          throw new Error('origin down')
        },
        holding,
      )
    void cache.set('a', 'old', holding)
    now.ms += 1_600
    expect([await ask(), await ask(), await ask(), loads]).toEqual(['old', 'old', 'old', 1])
    now.ms += 100
    expect([await ask(), loads]).toEqual(['old', 2])
  })

  test('is served when the load takes longer than patience, and replaced when it ends', async () => {
    const { cache, now } = stand()
    const { loads, load } = gated()
    const patient = { staleIfErrorMs: 2_000, softTimeoutMs: 5 }
    void cache.set('a', 'old', patient)
    now.ms += 1_000
    expect(await cache.getOrLoad('a', load, patient)).toBe('old')
    const leaving = new Context()
    const second = failure(cache.getOrLoad('a', load, {}, leaving))
    leaving.cancel(new Error('left'))
    expect([await second, loads[0]!.ctx.cancelled, loads.length]).toEqual(['left', false, 1])
    loads[0]!.answer('new')
    await turn()
    expect(await cache.getOrLoad('a', load)).toBe('new')
    expect(cache.counts.stale).toBe(1)
  })
})

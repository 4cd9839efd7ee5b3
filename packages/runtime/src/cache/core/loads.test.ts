import { describe, expect, test } from 'vitest'
import { Context } from '../../context.ts'
import { failure, gated, stand, turn } from '../testing/cache-stand.ts'

describe('an early load', () => {
  test('is the likelier the dearer the load and the nearer the end, and one at a time', async () => {
    const { cache, now, dice } = stand({ defaults: { ttlMs: 60_000, earlyBeta: 1 } })
    const { loads, load } = gated()
    const first = cache.getOrLoad('a', load)
    await new Promise(resolve => setTimeout(resolve, 20))
    loads[0]!.answer('old')
    await first
    const { loadMs } = cache.explain('a') as { loadMs: number }
    expect(loadMs).toBeGreaterThanOrEqual(19)
    // -ln(1/e) is 1: this draw begins a load when the end is one load away.
    dice.next = Math.exp(-1)
    now.ms += 60_000 - Math.ceil(loadMs) - 1
    expect(cache.explain('a').state).toBe('early')
    expect(await cache.getOrLoad('a', load)).toBe('old')
    expect([loads.length, cache.counts.early]).toEqual([1, 0])
    now.ms += 2
    expect([await cache.getOrLoad('a', load), await cache.getOrLoad('a', load)]).toEqual(['old', 'old'])
    expect([loads.length, cache.counts.early]).toEqual([2, 1])
    loads[1]!.answer('new')
    await turn()
    expect(await cache.getOrLoad('a', load)).toBe('new')
  })
})

describe('a load', () => {
  test('goes on when one of its waiters leaves, and ends when the last does', async () => {
    const { cache } = stand()
    const { loads, load } = gated()
    const [one, two] = [new Context(), new Context()]
    const answers = [one, two].map(ctx => failure(cache.getOrLoad('a', load, undefined, ctx)))
    one.cancel(new Error('one left'))
    expect([await answers[0], loads[0]!.ctx.cancelled]).toEqual(['one left', false])
    two.cancel(new Error('two left'))
    expect([await answers[1], loads[0]!.ctx.cancelled]).toEqual(['two left', true])
    const again = cache.getOrLoad('a', load)
    loads[0]!.answer('too late')
    loads[1]!.answer('wanted')
    expect(await again).toBe('wanted')
    expect(await cache.getOrLoad('a', load)).toBe('wanted')
  })

  test('is not begun for who is gone already', async () => {
    const { cache } = stand()
    const { loads, load } = gated()
    const gone = new Context()
    gone.cancel(new Error('gone'))
    expect(await failure(cache.getOrLoad('a', load, undefined, gone))).toBe('gone')
    expect(await failure(cache.getOrLoad('a', load, undefined, new Context(performance.now() - 1)))).toBe(
      'FAULT_DEADLINE',
    )
    expect(loads.length).toBe(0)
  })

  test('keeps nobody past its deadline', async () => {
    const { cache } = stand()
    const { loads, load } = gated()
    const stays = cache.getOrLoad('a', load)
    expect(await failure(cache.getOrLoad('a', load, undefined, new Context(performance.now() + 5)))).toBe(
      'FAULT_DEADLINE',
    )
    loads[0]!.answer('in time for the other')
    expect(await stays).toBe('in time for the other')
  })

  test('that takes too long is cancelled and has failed', async () => {
    const { cache, now } = stand({ defaults: { hardTimeoutMs: 5, staleIfErrorMs: 2_000 } })
    const { loads, load } = gated()
    expect(await failure(cache.getOrLoad('a', load))).toBe('FAULT_LOAD_TIMEOUT')
    expect(loads[0]!.ctx.cancelled).toBe(true)
    loads[0]!.answer('too late')
    await turn()
    expect(cache.explain('a')).toMatchObject({ state: 'absent', loading: undefined })
    void cache.set('b', 'old')
    now.ms += 1_000
    expect(await cache.getOrLoad('b', load)).toBe('old')
    expect(cache.counts).toMatchObject({ failedLoads: 2, loads: 2 })
  })

  test('that began before the key was invalidated answers only who waited for it', async () => {
    const { cache } = stand()
    const { loads, load } = gated()
    const before = cache.getOrLoad('a', load)
    void cache.invalidate('a')
    const after = cache.getOrLoad('a', load)
    loads[1]!.answer('new')
    loads[0]!.answer('old')
    expect([await before, await after, await cache.getOrLoad('a', load)]).toEqual(['old', 'new', 'new'])
  })

  test('that began before a write does not replace it', async () => {
    const { cache } = stand()
    const { loads, load } = gated()
    const before = cache.getOrLoad('a', load)
    void cache.set('a', 'written')
    loads[0]!.answer('read before')
    expect([await before, cache.get('a')]).toEqual(['read before', 'written'])
  })

  test('is over for everybody when the cache is closed', async () => {
    const { cache } = stand()
    const { loads, load } = gated()
    const answer = failure(cache.getOrLoad('a', load))
    void cache.close()
    expect([await answer, loads[0]!.ctx.cancelled]).toEqual(['FAULT_CACHE_CLOSED', true])
    expect([await failure(cache.getOrLoad('a', load)), loads.length]).toEqual(['FAULT_CACHE_CLOSED', 1])
  })
})

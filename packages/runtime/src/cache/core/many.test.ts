import { AsyncLocalStorage } from 'node:async_hooks'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Context, type Ctx } from '../../context.ts'
import { failure, stand, turn } from '../testing/cache-stand.ts'
import { until } from '../testing/until.ts'
import { mapTier } from '../testing/map-tier.ts'
import type { Lease, Leases } from '../tier.ts'
import { Cache } from './cache.ts'
import type { CacheOptions } from './options.ts'

/** An origin that knows every key but those that begin with `no`, and remembers what it was asked. */
function origin() {
  const asked: (readonly string[])[] = []
  const load = async (keys: readonly string[]) => {
    asked.push(keys)
    await turn()
    return new Map(keys.filter(key => !key.startsWith('no')).map(key => [key, `value of ${key}`]))
  }
  return { asked, load }
}

/** Batches that end when the test says so. */
function gatedMany() {
  const batches: {
    keys: readonly string[]
    ctx: Ctx
    answer(values: ReadonlyMap<string, unknown>): void
    fail(error: unknown): void
  }[] = []
  const load = (keys: readonly string[], ctx: Ctx) =>
    new Promise<ReadonlyMap<string, unknown>>((answer, fail) => void batches.push({ keys, ctx, answer, fail }))
  return { batches, load }
}

const valuesOf = (...keys: readonly string[]) => new Map(keys.map(key => [key, `value of ${key}`]))

describe('many keys', () => {
  test('are answered from memory, and what is missing there by one load of each key once', async () => {
    const { cache } = stand()
    const { asked, load } = origin()
    await cache.set('a', 'value of a')
    expect(await cache.getMany(['a', 'b', 'c', 'b'], load)).toEqual(valuesOf('a', 'b', 'c'))
    expect(await cache.getMany(['c', 'd', 'a'], load)).toEqual(valuesOf('a', 'c', 'd'))
    expect(asked).toEqual([['b', 'c'], ['d']])
    expect(await cache.getMany([], load)).toEqual(new Map())
    expect([cache.get('b'), cache.counts]).toMatchObject(['value of b', { hit: 4, miss: 3, coalesced: 0, loads: 3 }])
  })

  test('join what is being loaded for others, alone or together with more', async () => {
    const { cache } = stand()
    const { batches, load } = gatedMany()
    let one!: (value: string) => void
    const alone = cache.getOrLoad('a', () => new Promise<string>(resolve => (one = resolve)))
    const first = cache.getMany(['a', 'b'], load)
    const second = cache.getMany(['b', 'c'], load)
    const single = cache.getOrLoad('c', () => 'not asked')
    await turn()
    expect(batches.map(({ keys }) => keys)).toEqual([['b'], ['c']])
    one('value of a')
    batches[0]!.answer(valuesOf('b'))
    batches[1]!.answer(valuesOf('c'))
    expect(await Promise.all([alone, first, second, single])).toEqual([
      'value of a',
      valuesOf('a', 'b'),
      valuesOf('b', 'c'),
      'value of c',
    ])
    expect(cache.counts).toMatchObject({ miss: 6, coalesced: 3, loads: 3 })
  })

  test('that the origin does not have are not in the answer, and are believed missing as long as the policy says', async () => {
    const { cache, now } = stand({ defaults: { ttlMs: 1_000, negativeTtlMs: 100 } })
    const { asked, load } = origin()
    const policy = { negativeTtlMs: 100 }
    expect(await cache.getMany(['a', 'nobody'], load, policy)).toEqual(valuesOf('a'))
    expect(await cache.getMany(['a', 'nobody'], load, policy)).toEqual(valuesOf('a'))
    now.ms += 100
    expect(await cache.getMany(['a', 'nobody'], load, policy)).toEqual(valuesOf('a'))
    expect(asked).toEqual([['a', 'nobody'], ['nobody']])
  })

  test('fail where their load fails, and no others do', async () => {
    const { cache, now } = stand({ defaults: { ttlMs: 1_000, staleIfErrorMs: 9_000, failureTtlMs: 500 } })
    const { asked, load } = origin()
    await cache.getMany(['old'], load)
    now.ms += 1_000
    const other = cache.getMany(['x'], load)
    const failing = () => Promise.reject(new Error('origin down'))
    expect(await failure(cache.getMany(['old', 'x', 'y'], failing))).toBe('origin down')
    expect(await other).toEqual(valuesOf('x'))
    expect([cache.get('x'), await cache.getOrLoad('old', failing)]).toEqual(['value of x', 'value of old'])
    expect(await failure(cache.getOrLoad('y', () => 'not asked: the failure is remembered'))).toBe('origin down')
    expect(await cache.getMany(['old', 'x'], failing)).toEqual(valuesOf('old', 'x'))
    now.ms += 500
    expect(await cache.getMany(['old', 'y'], load)).toEqual(valuesOf('old', 'y'))
    expect(asked).toEqual([['old'], ['x'], ['old', 'y']])
  })

  test('fail with what a loader throws at once, or answers instead of a map', async () => {
    const { cache } = stand()
    const thrown = () => {
      throw new Error('at once')
    }
    expect(await failure(cache.getMany(['a', 'b'], thrown))).toBe('at once')
    const list = () => ['value of a'] as unknown as ReadonlyMap<string, string>
    await expect(cache.getMany(['a'], list)).rejects.toBeInstanceOf(TypeError)
    expect(await failure(cache.getMany(['a'], thrown, { ttlMs: -1 }))).toContain('ttlMs')
    expect(cache.explain('a')).toMatchObject({ state: 'absent', loading: undefined })
  })

  test('are loaded together behind who is served what is stale', async () => {
    const { cache, now } = stand({ defaults: { ttlMs: 1_000, staleWhileRevalidateMs: 1_000 } })
    const { asked, load } = origin()
    for (const key of ['a', 'b']) await cache.set(key, `old ${key}`)
    now.ms += 1_500
    const stale = new Map([...valuesOf('c'), ['a', 'old a'], ['b', 'old b']])
    expect(await cache.getMany(['a', 'b', 'c'], load)).toEqual(stale)
    expect([asked, cache.get('a'), cache.counts.stale]).toEqual([[['a', 'b', 'c']], 'value of a', 2])
  })

  test('are forgotten by key or tag, also while they are being loaded', async () => {
    const { cache } = stand()
    const { batches, load } = gatedMany()
    const policy = { tags: ['team'] }
    for (const forget of [() => cache.invalidate('a', 'b'), () => cache.invalidateTags('team')]) {
      const before = cache.getMany(['a', 'b'], load, policy)
      await turn()
      await forget()
      batches.at(-1)!.answer(valuesOf('a', 'b'))
      expect([await before, cache.get('a'), cache.get('b')]).toEqual([valuesOf('a', 'b'), undefined, undefined])
    }
  })

  test('are given up when nobody waits for any of them', async () => {
    const { cache } = stand()
    const { batches, load } = gatedMany()
    const ctx = new Context()
    const leaving = failure(cache.getMany(['a', 'b'], load, undefined, ctx))
    const staying = cache.getOrLoad('b', () => 'not asked')
    await turn()
    ctx.cancel(new Error('gone'))
    expect([await leaving, batches[0]!.ctx.cancelled]).toEqual(['gone', false])
    batches[0]!.answer(valuesOf('a', 'b'))
    expect([await staying, cache.get('a')]).toEqual(['value of b', undefined])
    const other = new Context()
    const alone = failure(cache.getMany(['c', 'd'], load, undefined, other))
    await turn()
    other.cancel(new Error('gone too'))
    expect([await alone, batches[1]!.ctx.cancelled]).toEqual(['gone too', true])
  })

  test('are loaded outside every request', async () => {
    const { cache } = stand()
    const user = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const load = (keys: readonly string[]) => {
      seen.push(user.getStore())
      return valuesOf(...keys)
    }
    await user.run('ada', () => cache.getMany(['a', 'b'], load))
    expect(seen).toEqual([undefined])
  })

  test('that take too long are cancelled and have failed', async () => {
    const { cache } = stand()
    const { batches, load } = gatedMany()
    expect(await failure(cache.getMany(['a', 'b'], load, { hardTimeoutMs: 5 }))).toBe('FAULT_LOAD_TIMEOUT')
    // The two began one after the other, and so their times end.
    await until(() => batches[0]!.ctx.cancelled)
    expect([batches.length, cache.counts]).toMatchObject([1, { failedLoads: 2 }])
  })
})

/** Leases of one store, without a word to who waits but when they end. */
function leasesOfOneStore() {
  const held = new Map<string, { ended: Promise<void>; end(): void }>()
  const leases: Leases = {
    async take(key): Promise<Lease | undefined> {
      if (held.has(key)) return undefined
      let end!: () => void
      const ended = new Promise<void>(resolve => (end = resolve))
      held.set(key, { ended, end })
      const release = async () => {
        held.delete(key)
        end()
      }
      return { fence: 1, extend: async () => true, release }
    },
    async wait(key) {
      await held.get(key)?.ended
      return { kind: 'stored' }
    },
    isHeld: async key => held.has(key),
    close: async () => {},
  }
  return leases
}

function processes(options: CacheOptions = {}) {
  const tier = mapTier(() => Date.now())
  const leases = leasesOfOneStore()
  const reads: (readonly string[])[] = []
  const counted: typeof tier = Object.assign(Object.create(tier) as typeof tier, {
    getMany(keys: readonly string[]) {
      reads.push(keys)
      return tier.getMany(keys)
    },
  })
  const made = () => new Cache({ ...options, shared: { tier: counted, leases, timeoutMs: 5_000 } })
  return { one: made(), other: made(), tier, reads }
}

describe('many keys with a shared tier', () => {
  test('are read there in one question, and what it does not have is loaded in one', async () => {
    const { one, other, reads } = processes()
    const { asked, load } = origin()
    await one.getMany(['a', 'b'], load, { tags: ['of a and b'] })
    reads.splice(0)
    expect(await other.getMany(['a', 'b', 'c', 'd'], load)).toEqual(valuesOf('a', 'b', 'c', 'd'))
    // Whoever holds the leases looks once more before it loads.
    expect(reads).toEqual([
      ['a', 'b', 'c', 'd'],
      ['c', 'd'],
    ])
    expect(asked).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
    expect(other.counts).toMatchObject({ miss: 4, tierHit: 2, loads: 2 })
    await one.invalidateTags('of a and b')
    await other.clear()
    expect(await one.getMany(['a', 'c'], load)).toEqual(valuesOf('a', 'c'))
    expect(asked.at(-1)).toEqual(['a', 'c'])
  })

  test('are read there a thousand at a time, so that it does other things in between', async () => {
    const { one, reads } = processes()
    const { asked, load } = origin()
    const keys = Array.from({ length: 2_100 }, (_, at) => `item ${at}`)
    expect((await one.getMany(keys, load)).size).toBe(2_100)
    expect([reads.slice(0, 3).map(({ length }) => length), asked]).toEqual([[1_000, 1_000, 100], [keys]])
  })

  test('are written there few at a time, so that it answers each in time', async () => {
    const { one, tier } = processes()
    const { load } = origin()
    const writing = { now: 0, most: 0 }
    const set = tier.set.bind(tier)
    tier.set = async (key, entry) => {
      writing.most = Math.max(writing.most, ++writing.now)
      await turn()
      writing.now--
      return await set(key, entry)
    }
    const keys = Array.from({ length: 100 }, (_, at) => `item ${at}`)
    expect((await one.getMany(keys, load)).size).toBe(100)
    expect([writing, (await tier.getMany(keys)).filter(({ entry }) => entry === undefined)]).toEqual([
      { now: 0, most: 32 },
      [],
    ])
  })

  test('are loaded by one of two processes that ask for some of the same', async () => {
    const { one, other } = processes()
    const { batches, load } = gatedMany()
    const first = one.getMany(['a', 'b'], load)
    while (batches.length < 1) await turn()
    const second = other.getMany(['b', 'c'], load)
    while (batches.length < 2) await turn()
    batches[1]!.answer(valuesOf('c'))
    batches[0]!.answer(valuesOf('a', 'b'))
    expect([await first, await second]).toEqual([valuesOf('a', 'b'), valuesOf('b', 'c')])
    expect(batches.map(({ keys }) => keys)).toEqual([['a', 'b'], ['c']])
  })

  test('are loaded, in one question, where the tier fails', async () => {
    const { one, tier } = processes()
    const { asked, load } = origin()
    tier.failing = new Error('away')
    expect(await one.getMany(['a', 'b', 'c'], load)).toEqual(valuesOf('a', 'b', 'c'))
    expect([asked, await one.getMany(['a', 'b'], load)]).toEqual([[['a', 'b', 'c']], valuesOf('a', 'b')])
  })

  test('are not read there while it cannot be told that they are untrue', async () => {
    const { one, other, tier } = processes()
    const { asked, load } = origin()
    await one.getMany(['a', 'b'], load)
    tier.failing = new Error('away')
    void other.invalidate('a')
    tier.failing = undefined
    expect(await other.getMany(['a', 'b'], load)).toEqual(valuesOf('a', 'b'))
    expect(asked).toEqual([['a', 'b'], ['a']])
    await other.close()
  })

  test('however they overlap, get every answer, and are never loaded twice at a time', async () => {
    const call = fc.record({
      byOne: fc.boolean(),
      keys: fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'nobody'), { maxLength: 6 }),
      turnsBefore: fc.nat({ max: 3 }),
      turnsOfLoad: fc.nat({ max: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 12 }), async calls => {
        const { one, other } = processes()
        const loading = new Set<string>()
        const turns = async (count: number) => {
          for (let at = 0; at < count; at++) await turn()
        }
        const answers = []
        for (const { byOne, keys, turnsBefore, turnsOfLoad } of calls) {
          await turns(turnsBefore)
          const load = async (missing: readonly string[]) => {
            const known = missing.filter(key => key !== 'nobody')
            for (const key of known) {
              expect(loading.has(key)).toBe(false)
              loading.add(key)
            }
            await turns(turnsOfLoad)
            for (const key of known) loading.delete(key)
            return valuesOf(...known)
          }
          answers.push((byOne ? one : other).getMany(keys, load))
        }
        const wanted = calls.map(({ keys }) => valuesOf(...keys.filter(key => key !== 'nobody')))
        expect(await Promise.all(answers)).toEqual(wanted)
      }),
      { numRuns: 100 },
    )
  })

  test('that it has stale are served, and loaded together behind who takes them', async () => {
    const { one, other } = processes({ defaults: { ttlMs: 0, staleWhileRevalidateMs: 60_000, jitterFraction: 0 } })
    const { asked, load } = origin()
    for (const key of ['a', 'b']) await one.set(key, `old ${key}`)
    expect(await other.getMany(['a', 'b'], load, { ttlMs: 60_000 })).toEqual(
      new Map([
        ['a', 'old a'],
        ['b', 'old b'],
      ]),
    )
    while (other.get('a') === undefined || other.get('b') === undefined) await turn()
    expect([asked, other.get('a')]).toEqual([[['a', 'b']], 'value of a'])
  })
})

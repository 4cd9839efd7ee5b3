import { AsyncLocalStorage } from 'node:async_hooks'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Context, type Ctx } from '../../context.ts'
import { cached } from './cached.ts'
import { Cache } from './cache.ts'
import type { LoadPolicy } from './load-policy.ts'
import type { CacheOptions } from './options.ts'

/** A cache on a clock and dice the test holds; unless it says so answers live as long as they say and are never early. */
function stand(options: CacheOptions = {}) {
  const now = { ms: 1_700_000_000_000 }
  const dice = { next: 0.5 }
  const defaults: LoadPolicy = { ttlMs: 1_000, jitterFraction: 0, earlyBeta: 0, ...options.defaults }
  const cache = new Cache({ clock: () => now.ms, random: () => dice.next, ...options, defaults })
  return { cache, now, dice }
}

/** A loader whose loads end when the test says so. */
function gated() {
  const loads: { ctx: Ctx; answer(value: unknown): void; fail(error: unknown): void }[] = []
  const load = (ctx: Ctx) => new Promise<unknown>((answer, fail) => void loads.push({ ctx, answer, fail }))
  return { loads, load }
}

const turn = () => new Promise<void>(resolve => setImmediate(resolve))
const failure = (promise: Promise<unknown>) =>
  promise.then(
    value => `answered ${String(value)}`,
    (error: Error & { code?: string }) => error.code ?? error.message,
  )

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

describe('a tag', () => {
  test('invalidates what carries it, and what is being loaded with it', async () => {
    const { cache } = stand()
    const { loads, load } = gated()
    void cache.set('a', 1, { tags: ['red'] })
    void cache.set('b', 2, { tags: ['red', 'green'] })
    void cache.set('c', 3)
    const loading = cache.getOrLoad('d', load, { tags: ['green'] })
    void cache.invalidateTags('green')
    loads[0]!.answer('read before')
    await loading
    expect(['a', 'b', 'c', 'd'].map(key => cache.explain(key).state)).toEqual([
      'fresh',
      'invalidated',
      'fresh',
      'absent',
    ])
    expect(['a', 'b', 'c', 'd'].map(key => cache.get(key))).toEqual([1, undefined, 3, undefined])
    void cache.set('b', 4, { tags: ['red', 'green'] })
    expect(cache.get('b')).toBe(4)
  })

  test('is not asked anew of its load by who comes after the invalidation', async () => {
    const { cache } = stand()
    const { loads, load } = gated()
    const policy = { tags: ['green'] }
    const before = cache.getOrLoad('a', load, policy)
    void cache.invalidateTags('green')
    const after = cache.getOrLoad('a', load, policy)
    loads[1]!.answer('new')
    loads[0]!.answer('old')
    expect([await before, await after, cache.get('a')]).toEqual(['old', 'new', 'new'])
  })

  test('that was forgotten counts as invalidated: too much is loaded rather than too little', () => {
    const { cache } = stand({ maxTags: 2 })
    void cache.set('a', 1, { tags: ['never stamped'] })
    void cache.invalidateTags('one', 'two', 'three')
    expect(cache.get('a')).toBeUndefined()
    void cache.set('a', 2, { tags: ['never stamped'] })
    expect(cache.get('a')).toBe(2)
  })
})

describe('a cached service', () => {
  test('needs no cache of its caller, and takes durations as people say them', async () => {
    let asked = 0
    const user = cached({ key: (id: number) => `user:${id}`, ttl: '30s', swr: '5m' })(async () => ++asked)
    expect([await user(1), await user(1), await user(2)]).toEqual([1, 1, 2])
    const { cache, now } = stand()
    const brief = cached({ cache, key: String, ttl: '1.5s', swr: '250ms' })(async () => ++asked)
    await brief(1)
    expect(cache.explain('1')).toMatchObject({ freshForMs: 1_500, goneInMs: 1_750 })
    now.ms += 1_500
    expect(cache.explain('1').state).toBe('stale')
    expect(() => cached({ key: String, ttl: '30 s' as '30s' })).toThrow("not '30 s'")
  })

  test('is asked once for each key, and given the context of the load', async () => {
    const { cache } = stand()
    const asked: [id: number, cancelled: boolean | undefined][] = []
    const fetchUser = async (id: number, ctx?: Ctx) => {
      asked.push([id, ctx?.cancelled])
      return `user ${id}`
    }
    const user = cached<number, string>({ cache, key: id => `user:${id}`, ttlMs: 500 })(fetchUser)
    expect(await Promise.all([user(1), user(2), user(1)])).toEqual(['user 1', 'user 2', 'user 1'])
    expect(asked).toEqual([
      [1, false],
      [2, false],
    ])
    expect(cache.explain('user:1')).toMatchObject({ state: 'fresh', freshForMs: 500 })
  })
})

test('clear forgets everything, and what is being loaded', async () => {
  const { cache } = stand()
  const { loads, load } = gated()
  void cache.set('a', 1)
  const loading = cache.getOrLoad('b', load)
  void cache.clear()
  loads[0]!.answer('read before')
  await loading
  expect([cache.get('a'), cache.get('b'), cache.size]).toEqual([undefined, undefined, 0])
})

test('no call is ever answered with what the origin said before an invalidation that came before the call', async () => {
  const step = fc.record({
    what: fc.constantFrom('ask', 'ask', 'ask', 'answer', 'fail', 'change', 'changeTag', 'pass'),
    key: fc.constantFrom('a', 'b', 'c'),
    ms: fc.integer({ min: 1, max: 600 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const { cache, now } = stand()
      const origin: Record<string, number> = { a: 0, b: 0, c: 0 }
      const open: (() => void)[] = []
      const asked: Promise<void>[] = []
      const late: string[] = []
      for (const { what, key, ms } of steps) {
        if (what === 'pass') now.ms += ms
        else if (what === 'change') {
          origin[key]!++
          void cache.invalidate(key)
        } else if (what === 'changeTag') {
          for (const every of Object.keys(origin)) origin[every]!++
          void cache.invalidateTags('all')
        } else if (what === 'ask') {
          const atLeast = origin[key]!
          const load = () => {
            const said = origin[key]!
            return new Promise<number>((answer, fail) => {
              open.push(() => (ms % 5 === 0 ? fail(new Error('origin down')) : answer(said)))
            })
          }
          const answer = cache.getOrLoad(key, load, { tags: ['all'], staleWhileRevalidateMs: 300, staleIfErrorMs: 600 })
          asked.push(
            answer.then(
              value => void (value < atLeast && late.push(`${key}: ${value} of ${atLeast}`)),
              () => undefined,
            ),
          )
        } else {
          open.shift()?.()
          await turn()
        }
      }
      while (open.length > 0) open.shift()!()
      await Promise.all(asked)
      expect(late).toEqual([])
    }),
    { numRuns: 100 },
  )
})

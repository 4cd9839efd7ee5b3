import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gated, stand, turn } from '../testing/cache-stand.ts'

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

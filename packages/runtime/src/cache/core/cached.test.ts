import { describe, expect, test } from 'vitest'
import type { Ctx } from '../../context.ts'
import { stand } from '../testing/cache-stand.ts'
import { cached } from './cached.ts'

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

import { describe, expect, test } from 'vitest'
import { bucketOf, firstPlacement, movesTo } from './placement.ts'

describe('placement', () => {
  test('a key is one key, as text, number or bigint', () => {
    expect(new Set([bucketOf('7', 64), bucketOf(7, 64), bucketOf(7n, 64)]).size).toBe(1)
  })

  test('another shard moves its own share and nothing else', () => {
    const placement = firstPlacement(['a', 'b', 'c', 'd'])
    const moves = movesTo(placement, ['a', 'b', 'c', 'd', 'e'])
    expect(new Set(moves.map(({ to }) => to))).toEqual(new Set(['e']))
    expect(moves.every(({ bucket, from }) => placement[bucket]!.shard === from)).toBe(true)
    expect(Math.abs(moves.length / 1024 - 0.2)).toBeLessThan(0.05)
    expect(movesTo(placement, ['d', 'c', 'b', 'a'])).toEqual([])
  })

  test.each([
    ['no shards', [], 8],
    ['two of one name', ['a', 'a'], 8],
    ['no buckets', ['a'], 0],
    ['more buckets than an int2 holds', ['a'], 40_000],
  ])('refuses %s', (_, shards, buckets) => {
    expect(() => firstPlacement(shards, buckets)).toThrow(expect.objectContaining({ code: 'FAULT_SHARD_PLAN' }))
  })
})

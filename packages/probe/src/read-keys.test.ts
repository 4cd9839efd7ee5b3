import { describe, expect, test } from 'vitest'
import { ReadKeys } from './read-keys.ts'

describe('the keys of reads', () => {
  test('are sent once, equal parameters with equal numbers', () => {
    const reads = new ReadKeys()
    for (const [at, hash] of [1, 2, 1].entries()) reads.add(hash, at * 10)
    const first = reads.take()!
    expect(first).toMatchObject({ keyFraction: 1, atMs: [0, 10, 20] })
    expect(first.keys[0]).toBe(first.keys[2])
    expect(first.keys[0]).not.toBe(first.keys[1])
    expect(reads.take()).toBeUndefined()
    reads.add(3, 30)
    expect(reads.take()!.atMs).toEqual([30])
  })

  test('are those of ever fewer keys when there are many, each with all of its reads', () => {
    const reads = new ReadKeys()
    for (let round = 0; round < 3; round++) for (let hash = 0; hash < 10_000; hash++) reads.add(hash, round)
    const { keyFraction, keys } = reads.take()!
    expect(keyFraction).toBeLessThan(0.125)
    expect(keys.length).toBeLessThanOrEqual(2_000)
    expect(keys.length / 30_000 / keyFraction).toBeGreaterThan(0.8)
    expect(keys.length / 30_000 / keyFraction).toBeLessThan(1.2)
    expect(keys).toHaveLength(new Set(keys).size * 3)
  })

  test('end where one key is all that is read', () => {
    const reads = new ReadKeys()
    for (let at = 0; at < 5_000; at++) reads.add(7, at)
    expect(reads.take()).toMatchObject({ keyFraction: 1, keys: { length: 2_000 } })
  })
})

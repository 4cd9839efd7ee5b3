import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashOf, rendezvous } from './hash.ts'

/** The same, byte by byte over what Node makes of the text. */
function slowHash(text: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b) >>> 0
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35) >>> 0
  return (hash ^ (hash >>> 16)) >>> 0
}

describe('the hash of a key', () => {
  test('is that of its UTF-8 bytes, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 0xffff_ffff }), (text, seed) => {
        expect(hashOf(text, seed)).toBe(slowHash(text, seed))
      }),
    )
  })

  test('never changes: these keys are where they were in the first release', () => {
    expect(['', '1', '42', 'user:7', 'é💡'].map(text => hashOf(text))).toMatchInlineSnapshot(`
      [
        2872998923,
        1428125071,
        686566589,
        2474178244,
        3031432199,
      ]
    `)
  })
})

describe('rendezvous', () => {
  const buckets = Array.from({ length: 4_000 }, (_, bucket) => bucket)

  test('gives every shard about its share', () => {
    const names = ['a', 'b', 'c', 'd']
    for (const name of names) {
      const share = buckets.filter(bucket => rendezvous(bucket, names) === name).length
      expect(Math.abs(share - 1_000)).toBeLessThan(120)
    }
  })

  test('a new shard takes only what becomes its own, and one that leaves gives back only that', () => {
    const [four, five] = [
      ['a', 'b', 'c', 'd'],
      ['a', 'b', 'c', 'd', 'e'],
    ]
    const moved = buckets.filter(bucket => rendezvous(bucket, four) !== rendezvous(bucket, five))
    expect(moved.every(bucket => rendezvous(bucket, five) === 'e')).toBe(true)
    expect(Math.abs(moved.length - 800)).toBeLessThan(100)
  })

  test('does not depend on the order of the names', () => {
    expect(buckets.every(bucket => rendezvous(bucket, ['a', 'b', 'c']) === rendezvous(bucket, ['c', 'a', 'b']))).toBe(
      true,
    )
  })
})

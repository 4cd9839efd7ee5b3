import { describe, expect, test } from 'vitest'
import { KeyGroup, KnownKey } from './known-keys.ts'
import { Loads } from './loads.ts'
import { SetTimes } from './set-times.ts'

const group = new KeyGroup('ioredis', 'product:{n}')
const [one, other] = [new KnownKey(group, 1), new KnownKey(group, 2)]

function loaded(...loads: readonly (readonly [key: KnownKey, startedAt: number, endedAt: number])[]) {
  const figures = new Loads()
  for (const [key, startedAt, endedAt] of loads)
    figures.filled({ key, startedAt, spansBefore: 0, site: undefined }, endedAt, [])
  const { loads: count, totalMs, maxMs, stampedes, stampedeLoads, maxConcurrent } = figures.figures()
  return { count, totalMs, maxMs, stampedes, stampedeLoads, maxConcurrent }
}

describe('loads of a missed key', () => {
  test('one after the other are no stampede', () => {
    expect(loaded([one, 0, 10], [one, 10, 20])).toEqual({
      count: 2,
      totalMs: 20,
      maxMs: 10,
      stampedes: 0,
      stampedeLoads: 0,
      maxConcurrent: 1,
    })
  })

  test('of different keys at the same time are none either', () => {
    expect(loaded([one, 0, 10], [other, 0, 11])).toMatchObject({ stampedes: 0, maxConcurrent: 1 })
  })

  test('of the same key at the same time are one, however many come in before all have ended', () => {
    expect(loaded([one, 0, 10], [one, 1, 11], [one, 2, 12])).toMatchObject({
      stampedes: 1,
      stampedeLoads: 3,
      maxConcurrent: 3,
    })
    expect(loaded([one, 0, 10], [one, 5, 15], [one, 100, 110], [one, 101, 111])).toMatchObject({
      stampedes: 2,
      stampedeLoads: 4,
      maxConcurrent: 2,
    })
  })
})

describe('times to live', () => {
  test('are counted, and the busiest second tells whether they end together', () => {
    const times = new SetTimes()
    for (const atMs of [100, 200, 300]) times.add(60_000, atMs)
    times.add(30_000, 400)
    times.add(undefined, 5_000)
    expect(times.figures()).toEqual({
      sets: 5,
      ttls: [
        { ttlMs: 60_000, sets: 3 },
        { ttlMs: 30_000, sets: 1 },
        { ttlMs: null, sets: 1 },
      ],
      busiestSetSecond: { sets: 4, sameTtlFraction: 0.75 },
    })
  })

  test('that come by a command of their own belong to the value set before', () => {
    const times = new SetTimes()
    times.add(undefined, 100)
    times.correct(60_000, 101)
    expect(times.figures()).toMatchObject({ sets: 1, ttls: [{ ttlMs: 60_000, sets: 1 }] })
  })
})

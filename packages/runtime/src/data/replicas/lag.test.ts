import { describe, expect, it } from 'vitest'
import { WriteHistory } from './lag.ts'

describe('the lag of a replica', () => {
  it('is nothing when it has all that was seen, however long ago that was', () => {
    const history = new WriteHistory()
    history.saw(0, 100)
    history.saw(60_000, 100)
    expect(history.lagOf(100, 60_000, 60_000)).toEqual({ bytes: 0, ms: 0 })
  })

  it('counts from when the first byte it lacks was seen', () => {
    const history = new WriteHistory()
    history.saw(0, 100)
    history.saw(250, 200)
    history.saw(500, 300)
    expect(history.lagOf(100, 600, 0)).toEqual({ bytes: 200, ms: 350 })
    expect(history.lagOf(250, 600, 0)).toEqual({ bytes: 50, ms: 100 })
  })

  it("is by the replica's own account when it is behind all that was seen here", () => {
    const history = new WriteHistory()
    history.saw(1000, 500)
    expect(history.lagOf(10, 1000, 40_000)).toEqual({ bytes: 490, ms: 40_000 })
  })

  it('is unknown, and so nothing, before a primary was heard', () => {
    expect(new WriteHistory().lagOf(10, 1000, 40_000)).toEqual({ bytes: 0, ms: 0 })
  })

  it('is of the new primary when its log is shorter than that of the old one', () => {
    const history = new WriteHistory()
    history.saw(0, 1000)
    history.saw(10, 900)
    expect(history.lagOf(900, 20, 0)).toEqual({ bytes: 0, ms: 0 })
  })

  it('forgets the oldest of a long time, and then knows a lower bound', () => {
    const history = new WriteHistory()
    for (let second = 0; second < 2000; second++) history.saw(second * 1000, second)
    expect(history.lagOf(-1, 2_000_000, 0)).toEqual({ bytes: 2000, ms: 1_200_000 })
  })
})

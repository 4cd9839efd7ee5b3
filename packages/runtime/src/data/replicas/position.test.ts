import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { beyondReach, covers, endOfRecord, formatLsn, later, parseLsn } from './position.ts'

describe('a place in the log', () => {
  it("reads and writes PostgreSQL's notation", () => {
    expect(parseLsn('16/B374D848')).toBe(0x16_b374_d848)
    expect(formatLsn(0x16_b374_d848)).toBe('16/B374D848')
    fc.assert(fc.property(fc.maxSafeNat(), lsn => parseLsn(formatLsn(lsn)) === lsn))
  })

  it.each(['', '16', "0/0'; drop table t --", 'x/1', '123456789/0'])('is none in %j', text => {
    expect(parseLsn(text)).toBeNaN()
  })

  it('is covered by a later one of the same timeline, and by none of an earlier timeline', () => {
    const wanted = { timeline: 2, lsn: 100 }
    expect(covers({ timeline: 2, lsn: 100 }, wanted)).toBe(true)
    expect(covers({ timeline: 2, lsn: 99 }, wanted)).toBe(false)
    expect(covers({ timeline: 1, lsn: 500 }, wanted)).toBe(false)
    expect(covers({ timeline: 3, lsn: 101 }, wanted)).toBe(true)
  })

  it('beyond reach is covered by nothing a server reports', () => {
    expect(covers({ timeline: 9, lsn: 2 ** 50 }, beyondReach)).toBe(false)
  })

  it('is taken from the newer timeline, whatever the older one had reached', () => {
    expect(later({ timeline: 1, lsn: 500 }, { timeline: 2, lsn: 100 })).toEqual({ timeline: 2, lsn: 100 })
    expect(later({ timeline: 2, lsn: 100 }, { timeline: 1, lsn: 500 })).toEqual({ timeline: 2, lsn: 100 })
    expect(later({ timeline: 2, lsn: 100 }, { timeline: 2, lsn: 90 })).toEqual({ timeline: 2, lsn: 100 })
    expect(later(undefined, { timeline: 1, lsn: 1 })).toEqual({ timeline: 1, lsn: 1 })
  })

  it('of an insertion just behind a page header is where the page before ended', () => {
    expect(endOfRecord(8192 * 7 + 24)).toBe(8192 * 7)
    expect(endOfRecord(8192 * 7 + 48)).toBe(8192 * 7 + 48)
  })
})

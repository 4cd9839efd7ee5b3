import { describe, expect, it } from 'vitest'
import { elect } from './election.ts'
import type { Claim } from './election.ts'

const replica: Claim = { claimedTimeline: undefined, isReachable: true }
const primary: Claim = { claimedTimeline: 1, isReachable: true }
const promoted: Claim = { claimedTimeline: 2, isReachable: true }

describe('the primary', () => {
  it('is the one that is no replica', () => {
    expect(elect([replica, primary], undefined, 0)).toBe(primary)
  })

  it('is nobody while all are replicas', () => {
    expect(elect([replica], primary, 1)).toBeUndefined()
  })

  it('stays while it is silent and nobody was promoted', () => {
    const silent = { ...primary, isReachable: false }
    expect(elect([silent, replica], silent, 1)).toBe(silent)
  })

  it('is the one that was promoted later, though the old one still claims it', () => {
    expect(elect([primary, promoted], primary, 1)).toBe(promoted)
    expect(elect([promoted, primary], primary, 1)).toBe(promoted)
  })

  it('is not an old one that comes back while the new one is silent', () => {
    const silent = { ...promoted, isReachable: false }
    expect(elect([primary, silent], silent, 2)).toBe(silent)
    expect(elect([primary], undefined, 2)).toBeUndefined()
  })

  it('is kept when another name is the same server, unless it is silent', () => {
    const other = { ...primary }
    expect(elect([other, primary], primary, 1)).toBe(primary)
    expect(elect([{ ...primary, isReachable: false }, other], primary, 1)).toBe(other)
  })
})

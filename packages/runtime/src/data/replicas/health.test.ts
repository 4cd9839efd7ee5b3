import { describe, expect, it } from 'vitest'
import { afterFailure, afterProbe, newcomer } from './health.ts'
import type { Health } from './health.ts'

const budget = { failuresToEject: 2, probesToReturn: 2, maxLagMs: 1000, maxLagBytes: 1000 }
const good = { lagMs: 0, lagBytes: 0, sameTimeline: true }
const serving: Health = { serving: true, ejectedFor: undefined, failures: 0, goodProbes: 5 }

describe('a server', () => {
  it('serves after one good probe when it is new', () => {
    expect(afterProbe(newcomer, good, budget)).toMatchObject({ serving: true, ejectedFor: undefined })
  })

  it('is ejected at the second failure in a row, not at the first', () => {
    const once = afterFailure(serving, budget)
    expect(once).toMatchObject({ serving: true, failures: 1 })
    expect(afterFailure(once, budget)).toMatchObject({ serving: false, ejectedFor: 'unreachable' })
    expect(afterFailure(afterProbe(once, good, budget), budget).serving).toBe(true)
  })

  it('returns after two good probes in a row', () => {
    const down = afterFailure(afterFailure(serving, budget), budget)
    const once = afterProbe(down, good, budget)
    expect(once.serving).toBe(false)
    expect(afterProbe(once, good, budget).serving).toBe(true)
    expect(afterProbe(afterFailure(once, budget), good, budget).serving).toBe(false)
  })

  it('is ejected for lag beyond the budget, in time or in bytes, and returns below half of it', () => {
    expect(afterProbe(serving, { ...good, lagMs: 1000 }, budget).serving).toBe(true)
    expect(afterProbe(serving, { ...good, lagBytes: 1001 }, budget).ejectedFor).toBe('lag')
    const late = afterProbe(serving, { ...good, lagMs: 1001 }, budget)
    expect(late).toMatchObject({ serving: false, ejectedFor: 'lag' })
    const twice = (lagMs: number) =>
      afterProbe(afterProbe(late, { ...good, lagMs }, budget), { ...good, lagMs }, budget)
    expect(twice(501).serving).toBe(false)
    expect(twice(500).serving).toBe(true)
  })

  it('is ejected when it follows a primary of the past', () => {
    expect(afterProbe(serving, { ...good, sameTimeline: false }, budget).ejectedFor).toBe('other-timeline')
  })
})

/** When a service counts as back. */
import type { LoadInterval } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { answers, madeInterval } from '../thresholds/testing/made-step.ts'
import { recoveryMs } from './recovery.ts'

const failed = answers(0, { status: 0 })
const silent = 'silent'
const seconds = (each: readonly (number | typeof failed | typeof silent)[]): LoadInterval[] =>
  each.map((one, at) => madeInterval(one === silent ? [] : [typeof one === 'number' ? answers(one) : one], at * 1000))

describe('recoveryMs', () => {
  it('tells the first of three calm seconds after the overload', () => {
    expect(recoveryMs(seconds([900, 900, 900, 40, 900, 59, 40, 40]), 1000, 40)).toBe(4000)
    expect(recoveryMs(seconds([40, 40, 40, 900, 40, 40]), 3000, 40)).toBeUndefined()
    expect(recoveryMs(seconds([900, 61, 61, 61]), 1000, 40)).toBeUndefined()
  })

  it('does not hold a few milliseconds against a service that is calm below one', () => {
    expect(recoveryMs(seconds([900, 5, 5, 5]), 1000, 0.4)).toBe(0)
    expect(recoveryMs(seconds([900, 6, 6, 6]), 1000, 0.4)).toBeUndefined()
  })

  it('passes over seconds in which nothing ended, and counts those in which everything failed', () => {
    expect(recoveryMs(seconds([900, 900, silent, 40, silent, 40, silent, 40]), 1000, 40)).toBe(2000)
    expect(recoveryMs(seconds([900, 40, 40, failed, 40, 40]), 1000, 40)).toBeUndefined()
  })
})

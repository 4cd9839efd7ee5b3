import { describe, expect, it } from 'vitest'
import { durationMs, durationPattern } from './duration.ts'

describe('a length of time', () => {
  it.each([
    ['9us', 0.009],
    ['300 µs', 0.3],
    ['200ms', 200],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['2min', 120_000],
    [' 8h ', 28_800_000],
    ['0s', 0],
  ])('%s is so many milliseconds', (text, ms) => {
    expect(durationMs(text)).toBe(ms)
    expect(text.trim()).toMatch(new RegExp(`^(?:${durationPattern})$`))
  })

  it.each(['', '5', 's', '-5s', '1.s', '.5s', '1e3s', '5 sec', '5s 5ms', '5constructor'])('%j is none', text => {
    expect(durationMs(text)).toBeUndefined()
  })
})

import { describe, expect, test } from 'vitest'
import { longestOwnDelayMs } from './loop-turns.ts'

const turn = (lateMs: number, cpuMs: number, requests = 1) => ({ lateMs, cpuMs, requests })

describe('the longest delay of its own', () => {
  test('is none without a late turn', () => {
    expect(longestOwnDelayMs([], 5)).toBe(0)
  })

  test('is the CPU that one request burnt', () => {
    expect(longestOwnDelayMs([turn(30, 40), turn(120, 125)], 7)).toBe(120)
  })

  test('leaves out the time for which the machine had no CPU to give', () => {
    expect(longestOwnDelayMs([turn(1_300, 21)], 5)).toBe(21)
    expect(longestOwnDelayMs([turn(400, 120)], 7)).toBe(120)
  })

  test('takes forty short requests after a pause for forty short requests', () => {
    expect(longestOwnDelayMs([turn(900, 200, 40)], 5)).toBe(5)
  })

  test('is that of one where every request holds the loop up and several wait', () => {
    expect(longestOwnDelayMs([turn(580, 600, 5)], 120)).toBe(100)
  })

  test('sees the one long request among three short ones', () => {
    expect(longestOwnDelayMs([turn(125, 125, 4)], 7)).toBe(104)
  })
})

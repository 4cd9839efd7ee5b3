/** What one rate is said to have done, after one look and after several. */
import type { LoadStep } from '@whetstone/model'
import { seededRandom } from '@whetstone/stats'
import { describe, expect, it } from 'vitest'
import { parseThreshold } from '../thresholds/parse.ts'
import { type Answers, answers, madeStep } from '../thresholds/testing/made-step.ts'
import { judgeLooks, requestsNeeded } from './objective.ts'

/** Seconds of 100 answers each; in second i, `slow[i]` of them take 100 ms and the others 10 ms. */
const look = (...slow: readonly number[]): LoadStep =>
  madeStep(slow.map(count => [answers(10, { count: 100 - count }), answers(100, { count })]))
const judge = (looks: readonly LoadStep[], ...limits: readonly string[]) => {
  const { held, sure, reason } = judgeLooks(looks, limits.map(parseThreshold))
  return [held ? 'held' : 'did not hold', sure ? 'surely' : 'perhaps', ...(reason === undefined ? [] : [reason])]
}

describe('judgeLooks', () => {
  it('is sure where the interval lies on one side of the limit', () => {
    expect(judge([look(1, 2, 0, 1, 2, 1)], 'p95 < 50ms')).toEqual(['held', 'surely'])
    expect(judge([look(20, 30, 25, 22, 28, 31)], 'p95 < 50ms')).toEqual(['did not hold', 'surely', 'p95 was 100 ms'])
  })

  it('is not sure where seconds differ so much that the limit lies within', () => {
    expect(judge([look(0, 0, 20, 0, 0, 4)], 'p95 < 50ms')).toEqual(['held', 'perhaps'])
    expect(judge([look(0, 0, 30, 0, 0, 4)], 'p95 < 50ms')).toEqual(['did not hold', 'perhaps', 'p95 was 100 ms'])
  })

  it('becomes sure by looking again', () => {
    const one = look(0, 0, 12, 0, 6, 0)
    expect(judge([one], 'p95 < 50ms')).toEqual(['held', 'perhaps'])
    expect(judge([one, look(1, 2, 1, 0, 2, 1), look(1, 2, 1, 1, 2, 1)], 'p95 < 50ms')).toEqual(['held', 'surely'])
  })

  it('asks for all limits, and names the one that surely failed', () => {
    const failing = madeStep(
      Array.from({ length: 6 }, () => [answers(10, { count: 97 }), answers(1, { count: 3, status: 503 })]),
    )
    expect(judge([failing], 'p95 < 50ms', 'errors < 1%')[2]).toMatch(/^errors 3/)
    expect(judge([failing], 'p95 < 50ms', 'errors < 5%')).toEqual(['held', 'surely'])
  })

  it('tells what a share may be, for no error in six hundred requests still allows a few', () => {
    const { value, furtherValues } = judgeLooks(
      [look(1, 1, 1, 1, 1, 1)],
      ['errors < 1%', 'p50 < 1s'].map(parseThreshold),
    )
    expect(value).toMatchObject({ estimate: 0, low: 0 })
    // Exact, two-sided: 1 - 0.025^(1/600).
    expect(value!.high).toBeCloseTo(0.00613, 5)
    expect(furtherValues).toEqual([
      { limit: 'p50 < 1s', value: expect.objectContaining({ estimate: expect.any(Number) }) },
    ])
  })

  it('takes errors for answers that never came', () => {
    const refusing = madeStep(
      Array.from({ length: 6 }, () => [answers(10, { count: 90 }), answers(1, { count: 10, status: 503 })]),
    )
    expect(judge([refusing], 'p95 < 50ms')).toEqual(['did not hold', 'surely', 'p95 was an error'])
    expect(judge([refusing], 'p50 < 50ms')).toEqual(['held', 'surely'])
  })

  it('judges a route by its own answers', () => {
    const second: Answers[] = [answers(10, { route: 'GET /a' }), answers(90, { route: 'GET /b' })]
    const two = madeStep(Array.from({ length: 6 }, () => second))
    expect(judge([two], 'GET /a: p95 < 50ms')).toEqual(['held', 'surely'])
    expect(judge([two], 'GET /b: p95 < 50ms')).toEqual(['did not hold', 'surely', 'p95 was 90 ms'])
  })

  it('judges what has no interval look by look, and by the majority of them', () => {
    const good = look(1, 1, 1, 1, 1, 1)
    const bad = look(1, 1, 90, 1, 1, 1)
    const limit = 'p50 < 50ms over 1s'
    expect(judge([good], limit)).toEqual(['held', 'surely'])
    expect(judge([bad, good, good], limit)).toEqual(['held', 'perhaps'])
    expect(judge([bad, bad, good], limit).slice(0, 2)).toEqual(['did not hold', 'perhaps'])
  })

  it('does not let a queue hold that grows, once it was seen twice', () => {
    const growing = madeStep([10, 20, 30, 40, 50, 60].map(ms => [answers(ms)]))
    const reason = 'answers took longer and longer, 10 ms to 50 ms'
    expect(judge([growing], 'p95 < 1s')).toEqual(['did not hold', 'perhaps', reason])
    expect(judge([growing, growing], 'p95 < 1s')).toEqual(['did not hold', 'surely', reason])
    const wandering = madeStep([30, 10, 40, 20, 60, 50].map(ms => [answers(ms)]))
    expect(judge([growing, wandering, wandering], 'p95 < 1s')[0]).toBe('held')
  })

  it('asks for more where the answers are too few for the percentile', () => {
    expect(judge([look(0, 0, 0)], 'p99 < 50ms')).toEqual([
      'did not hold',
      'perhaps',
      '300 answers, and p99 needs 1,000',
    ])
    expect(requestsNeeded([parseThreshold('errors < 1%'), parseThreshold('p99 < 1s')])).toBe(1_000)
    expect(requestsNeeded([parseThreshold('errors < 1%')])).toBe(100)
  })

  it('is hardly ever sure of the wrong side', () => {
    const random = seededRandom(17)
    // 4 of 100 are slow on the average, so that the limit holds.
    const looks = Array.from({ length: 300 }, () =>
      look(...Array.from({ length: 8 }, () => Array.from({ length: 100 }, random).filter(one => one < 0.04).length)),
    )
    const wrong = looks.filter(one => judge([one], 'p95 < 50ms').slice(0, 2).join(' ') === 'did not hold surely')
    expect(wrong.length).toBeLessThanOrEqual(9)
  })
})

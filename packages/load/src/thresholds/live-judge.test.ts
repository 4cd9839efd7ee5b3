/** When a run that is under way may be ended by a limit. */
import { describe, expect, it } from 'vitest'
import { LiveJudge, type Breach } from './live-judge.ts'
import { parseThreshold } from './parse.ts'
import { type Answers, answers, madeInterval } from './testing/made-step.ts'

/** The second in which the run was ended, counted from 0. */
function endOf(
  text: string,
  perSecond: readonly (readonly Answers[])[],
): { second: number; breach: Breach } | undefined {
  const judge = new LiveJudge([parseThreshold(text)])
  for (const [second, each] of perSecond.entries()) {
    const breach = judge.feed(madeInterval(each, second * 1000))
    // A histogram is good to 0.1 %.
    if (breach !== undefined) return { second, breach: { ...breach, value: Number(breach.value.toPrecision(3)) } }
  }
  return undefined
}

const seconds = (count: number, ...each: readonly Answers[]) => Array.from({ length: count }, () => each)
const fine = answers(10)
const slow = answers(900)
const failing = [answers(10, { count: 90 }), answers(1, { status: 500, count: 10 })]

describe('LiveJudge', () => {
  it('lets a run go on whose limits do not say abort', () => {
    expect(endOf('p95 < 300ms', seconds(60, slow))).toBeUndefined()
  })

  it('ends a run by its first broken window, as soon as that is complete', () => {
    const run = [...seconds(7, fine), ...seconds(9, slow)]
    expect(endOf('p95 < 300ms over 5s abort', run)).toMatchObject({ second: 9, breach: { value: 900, atMs: 5000 } })
    expect(endOf('p95 < 300ms over 5s after 7s abort', run)).toMatchObject({ second: 11, breach: { atMs: 7000 } })
    expect(endOf('p95 < 300ms over 20s abort', run)).toBeUndefined()
  })

  it('is not moved by one slow second, nor by one error', () => {
    expect(endOf('p95 < 300ms abort', [[slow], ...seconds(60, fine)])).toBeUndefined()
    expect(
      endOf('errors < 0.1% abort', [[answers(1, { status: 500, count: 1 })], ...seconds(60, fine)]),
    ).toBeUndefined()
  })

  it('ends a run that is lost after ten seconds', () => {
    expect(endOf('p95 < 300ms abort', seconds(60, slow))).toMatchObject({ second: 9, breach: { value: 900, atMs: 0 } })
    expect(endOf('errors < 1% abort', seconds(60, ...failing))).toMatchObject({ second: 9, breach: { value: 0.1 } })
    expect(endOf('rate >= 120/s abort', seconds(60, fine))).toMatchObject({ second: 9, breach: { value: 100 } })
    expect(endOf('rate >= 120/s after 10s abort', seconds(60, fine))).toMatchObject({ second: 19 })
  })

  it('counts errors as endless answers', () => {
    const half = seconds(60, answers(10, { count: 50 }), answers(1, { status: 503, count: 50 }))
    expect(endOf('p95 < 300ms abort', half)).toMatchObject({ second: 9, breach: { value: Infinity } })
    expect(endOf('p95 < 300ms over 5s abort', half)).toMatchObject({ second: 4, breach: { value: Infinity } })
  })

  it('lets a service that recovered go on', () => {
    expect(endOf('p95 < 300ms abort', [...seconds(5, slow), ...seconds(95, fine)])).toBeUndefined()
    expect(endOf('p95 < 300ms abort', [...seconds(5, slow), ...seconds(30, fine), ...seconds(5, slow)])).toMatchObject({
      second: 39,
    })
  })

  it('waits for the samples its percentile needs', () => {
    expect(endOf('p99 < 300ms abort', seconds(60, answers(900, { count: 20 })))).toMatchObject({ second: 49 })
  })

  it('tells one route from the others', () => {
    const run = seconds(60, fine, answers(900, { route: 'GET /items' }))
    expect(endOf('GET /orders: p95 < 300ms abort', run)).toBeUndefined()
    expect(endOf('GET /items: p95 < 300ms abort', run)).toMatchObject({ second: 9 })
  })

  it('counts the checks of the run so far', () => {
    const judge = new LiveJudge([parseThreshold('checks("has id") >= 99% abort')])
    const checks = (passes: number, fails: number) => [{ name: 'has id', route: 'GET /orders', passes, fails }]
    const fed = (second: number, passes: number, fails: number) =>
      judge.feed(madeInterval([fine], second * 1000), checks(passes, fails))
    for (let second = 0; second < 20; second++) expect(fed(second, 99 * second, second)).toBeUndefined()
    for (let second = 20; second < 24; second++) expect(fed(second, 1900, 100 * (second - 18))).toBeUndefined()
    expect(fed(24, 1900, 600)).toMatchObject({ value: 0.76 })
  })
})

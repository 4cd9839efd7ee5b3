/** What a limit says of a finished step. Every step here gives 100 answers a second unless it says otherwise. */
import type { CheckCount, LoadStep, SteadyState, ThresholdResult } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeThresholds } from './judge.ts'
import { parseThreshold } from './parse.ts'
import { resultText } from './text.ts'
import { SecondsJudge } from './windowed.ts'
import { type Answers, answers, madeStep } from './testing/made-step.ts'

const seconds = (count: number, ...each: readonly Answers[]) => Array.from({ length: count }, () => each)
const items = 'GET /items'

function judged(step: LoadStep, text: string): Omit<ThresholdResult, 'threshold'> {
  const { threshold, ...rest } = judgeThresholds(step, [parseThreshold(text)])[0]!
  expect(threshold.text).toBe(text)
  // A histogram is good to 0.1 %.
  return rest.value === undefined ? rest : { ...rest, value: Number(rest.value.toPrecision(3)) }
}

describe('over the whole run', () => {
  const step = madeStep([
    ...seconds(9, answers(10)),
    [answers(400, { count: 90 }), answers(1, { status: 503, count: 10 })],
  ])

  it.each<[string, Omit<ThresholdResult, 'threshold'>]>([
    ['p50 < 300ms', { state: 'kept', value: 10, note: '10 errors count as endless' }],
    ['p95 < 300ms', { state: 'broken', value: 400, note: '10 errors count as endless' }],
    ['p95 <= 400ms', { state: 'kept', value: 400, note: '10 errors count as endless' }],
    ['p95 < 400ms', { state: 'broken', value: 400, note: '10 errors count as endless' }],
    ['p100 <= 400ms', { state: 'broken', note: '10 errors count as endless' }],
    ['service p95 < 201ms', { state: 'kept', value: 200 }],
    ['errors < 1%', { state: 'broken', value: 0.01 }],
    ['errors <= 1%', { state: 'kept', value: 0.01 }],
    ['rate >= 100/s', { state: 'kept', value: 100 }],
    ['rate > 100/s', { state: 'broken', value: 100 }],
    ['GET /orders: errors < 2%', { state: 'kept', value: 0.01 }],
    ['p95 < 500ms after 8s', { state: 'kept', value: 400, note: '10 errors count as endless' }],
    ['service p99 < 500ms', { state: 'unknown', value: 200, note: '990 answers, and service p99 needs 1,000' }],
    ['p50 < 300ms after 8s', { state: 'kept', value: 10, note: '10 errors count as endless' }],
    ['errors < 5% after 9s', { state: 'broken', value: 0.1 }],
    ['rate >= 100/s after 7s', { state: 'kept', value: 100 }],
    ['p95 < 300ms after 20s', { state: 'unknown', note: 'the run ended before 20 s' }],
    [
      'p99.9 < 1s',
      {
        state: 'broken',
        note: 'only 1,000 answers, and p99.9 needs 10,000, yet too many are beyond the limit for chance; 10 errors count as endless',
      },
    ],
    [
      'GET /order: p95 < 1s',
      { state: 'unknown', note: 'there is no route GET /order in this run; did you mean GET /orders?' },
    ],
    ['checks >= 99%', { state: 'unknown', note: 'no such check was made' }],
  ])('%s', (text, expected) => {
    expect(judged(step, text)).toEqual(expected)
  })

  it('says nothing of a run in which nothing was answered', () => {
    const silent = madeStep(seconds(3, answers(0, { status: 0 })))
    expect(judged(silent, 'p95 > 1ms')).toEqual({ state: 'unknown', note: 'nothing was answered' })
    expect(judged(silent, 'service p95 < 1s')).toEqual({ state: 'unknown', note: 'nothing was answered' })
    expect(judged(silent, 'errors < 1%')).toEqual({ state: 'broken', value: 1 })
    expect(judged(madeStep([]), 'rate >= 1/s')).toEqual({ state: 'unknown', note: 'no time passed' })
    expect(judged(madeStep([]), 'errors < 1%')).toEqual({ state: 'unknown', note: 'nothing was requested' })
  })

  it('takes no error for a fast answer', () => {
    const failing = madeStep(seconds(10, answers(10, { count: 40 }), answers(1, { status: 503, count: 60 })))
    const note = '600 errors count as endless'
    expect(judged(failing, 'p95 < 300ms')).toEqual({ state: 'broken', note })
    expect(judged(failing, 'GET /orders: p95 < 300ms')).toEqual({ state: 'broken', note })
    expect(judged(failing, 'p30 < 300ms')).toEqual({ state: 'kept', value: 10, note })
    expect(judged(failing, 'p95 < 300ms over 2s')).toEqual({
      state: 'broken',
      brokenAtMs: 0,
      brokenWindows: 5,
      note,
    })
    expect(judged(failing, 'p50 > 300ms')).toEqual({ state: 'broken', value: 10 })
    const [result] = judgeThresholds(failing, [parseThreshold('p95 < 300ms')])
    expect(resultText(result!)).toBe('p95 was an error (600 errors count as endless)')
    const few = madeStep([[answers(10, { count: 20 }), answers(1, { status: 0, count: 20 })]])
    expect(judged(few, 'p95 < 300ms').state).toBe('broken')
  })

  it('lets few answers break a limit only when chance cannot explain them', () => {
    const few = (slow: number) => madeStep([[answers(10, { count: 40 - slow }), answers(900, { count: slow })]])
    expect(judged(few(4), 'p95 < 300ms').state).toBe('unknown')
    expect(judged(few(20), 'p95 < 300ms')).toEqual({
      state: 'broken',
      value: 900,
      note: 'only 40 answers, and p95 needs 200, yet too many are beyond the limit for chance',
    })
  })

  it('sums checks by name, by route, or all', () => {
    const check = (name: string, route: string, fails: number): CheckCount => ({
      name,
      route,
      fails,
      passes: 100 - fails,
    })
    const checked: LoadStep = {
      ...step,
      routes: [...step.routes, { ...step.routes[0]!, route: items }],
      checks: [check('has id', 'GET /orders', 0), check('has id', items, 4), check('is fast', items, 20)],
    }
    expect(judged(checked, 'checks >= 92%')).toEqual({ state: 'kept', value: 0.92 })
    expect(judged(checked, 'checks("has id") >= 99%')).toEqual({ state: 'broken', value: 0.98 })
    expect(judged(checked, 'GET /orders: checks("has id") >= 99%')).toEqual({ state: 'kept', value: 1 })
    expect(judged(checked, 'checks("has ids") >= 99%').note).toBe('no check has this name; did you mean has id?')
  })
})

describe('a steady state', () => {
  const run = madeStep([...seconds(4, answers(900)), ...seconds(16, answers(10))])
  const after = (step: LoadStep, fromMs: number) => {
    const rest = new Histogram()
    for (const one of step.intervals) if (one.atMs >= fromMs) rest.merge(Histogram.fromJSON(one.response))
    return rest.toJSON()
  }
  const steady: SteadyState = { kind: 'steady', excludedMs: 4000, response: after(run, 4000) }
  const leftOut = 'the first 4 s are left out, before it was steady'

  it('leaves its beginning out of percentiles, of one route as of all', () => {
    expect(judged({ ...run, steadyState: steady }, 'p95 < 300ms')).toEqual({ state: 'kept', value: 10, note: leftOut })
    expect(judged({ ...run, steadyState: steady }, 'GET /orders: p95 < 300ms')).toEqual({
      state: 'kept',
      value: 10,
      note: leftOut,
    })
  })

  it('hides no error, and nothing from windows', () => {
    const failing = madeStep([[answers(1, { status: 500 })], ...seconds(19, answers(10))])
    expect(judged({ ...failing, steadyState: steady }, 'errors < 1%')).toEqual({ state: 'broken', value: 0.05 })
    expect(judged({ ...run, steadyState: steady }, 'p95 < 300ms over 2s')).toMatchObject({
      state: 'broken',
      brokenWindows: 2,
    })
  })

  it('that was never found leaves nothing out', () => {
    const never: SteadyState = { ...steady, kind: 'never-steady' }
    expect(judged({ ...run, steadyState: never }, 'p95 < 300ms')).toMatchObject({ state: 'broken' })
  })
})

describe('over windows', () => {
  const bad = [answers(900, { count: 50 }), answers(10, { count: 50 })]
  const run = madeStep([...seconds(10, answers(10)), ...seconds(2, ...bad), ...seconds(8, answers(10))])

  it('counts those that are broken, says when the first began, and shows the worst', () => {
    expect(judged(run, 'p95 < 300ms over 2s')).toEqual({
      state: 'broken',
      value: 900,
      brokenAtMs: 10_000,
      brokenWindows: 1,
    })
    expect(judged(run, 'p50 < 300ms over 2s')).toEqual({ state: 'kept', value: 10 })
  })

  it('begins them where `after` says', () => {
    expect(judged(run, 'p95 < 300ms over 2s after 11s')).toMatchObject({ state: 'broken', brokenAtMs: 11_000 })
    expect(judged(run, 'p95 < 300ms over 2s after 12s')).toEqual({ state: 'kept', value: 10 })
  })

  it('judges rates and errors of a route from its cells', () => {
    const step = madeStep([
      ...seconds(5, answers(10), answers(10, { route: items, count: 10 })),
      ...seconds(
        5,
        answers(10),
        answers(10, { route: items, count: 8 }),
        answers(5, { route: items, count: 2, status: 500 }),
      ),
      ...seconds(5, answers(10), answers(10, { route: items, count: 3 })),
    ])
    expect(judged(step, `${items}: errors < 10% over 5s`)).toEqual({
      state: 'broken',
      value: 0.2,
      brokenAtMs: 5000,
      brokenWindows: 1,
    })
    expect(judged(step, `${items}: rate >= 5/s over 5s`)).toEqual({
      state: 'broken',
      value: 3,
      brokenAtMs: 10_000,
      brokenWindows: 1,
    })
    expect(judged(step, 'errors < 10% over 5s')).toMatchObject({ state: 'kept' })
    const intervals = step.intervals.map(({ atMs, requests, errors, response }) => ({
      atMs,
      requests,
      errors,
      response,
    }))
    const bare = { ...step, intervals }
    expect(judged(bare, `${items}: rate >= 5/s over 5s`)).toEqual({
      state: 'unknown',
      note: 'this run kept no figures by route and interval',
    })
  })

  it('widens a window finer than the intervals, and says so', () => {
    const coarse = madeStep([[answers(10, { count: 400 })], [answers(900, { count: 400 })]], 4000)
    expect(judged(coarse, 'p95 < 300ms over 1s')).toEqual({
      state: 'broken',
      value: 900,
      brokenAtMs: 4000,
      brokenWindows: 1,
      note: 'windows of 4 s, for that is how the intervals of this run fall',
    })
  })

  it('keeps no limit in windows that are too wide for it', () => {
    const coarse = madeStep([[answers(10, { count: 400 })], [answers(10, { count: 400 })]], 4000)
    expect(judged(coarse, 'p95 < 300ms over 4s')).toEqual({ state: 'kept', value: 10 })
    expect(judged(coarse, 'p95 < 300ms over 3s')).toEqual({
      state: 'unknown',
      value: 10,
      note: 'windows of 4 s, for that is how the intervals of this run fall',
    })
    expect(judged(madeStep(seconds(6, answers(10))), 'p50 < 300ms over 2500ms')).toMatchObject({ state: 'kept' })
  })

  it('judges a long run by its seconds, whatever its intervals have become', () => {
    const bad = [...seconds(3, answers(10)), [answers(900)], ...seconds(12, answers(10))]
    const fine = madeStep(bad)
    const coarse = madeStep([bad.slice(0, 8).flat(), bad.slice(8).flat()], 8000)
    const thresholds = ['p75 < 300ms over 2s', 'p95 < 300ms', 'p50 < 300ms over 2s'].map(parseThreshold)
    const told = new SecondsJudge(thresholds)
    for (const interval of fine.intervals) told.second(interval)
    expect(judgeThresholds(coarse, thresholds).map(({ state }) => state)).toEqual(['unknown', 'broken', 'unknown'])
    expect(judgeThresholds(coarse, thresholds, told)).toEqual(judgeThresholds(fine, thresholds))
    expect(judgeThresholds(fine, thresholds).map(({ state }) => state)).toEqual(['broken', 'broken', 'kept'])
    const missing = new SecondsJudge(thresholds)
    for (const interval of fine.intervals.slice(1)) missing.second(interval)
    expect(judgeThresholds(coarse, thresholds, missing)).toEqual(judgeThresholds(coarse, thresholds))
  })

  it('needs complete windows', () => {
    expect(judged(run, 'p95 < 300ms over 30s')).toEqual({
      state: 'unknown',
      note: 'the run had no complete window of 30 s',
    })
    const early = { ...run, durationMs: run.durationMs - 0.4 }
    expect(judged(early, 'p99 < 300ms over 20s')).toMatchObject({ state: 'broken', value: 900 })
  })

  it('says in how many there was too little to judge', () => {
    const thin = madeStep([...seconds(2, answers(10, { count: 200 })), ...seconds(1, answers(10, { count: 5 }))])
    expect(judged(thin, 'p95 < 300ms over 1s')).toEqual({
      state: 'kept',
      value: 10,
      note: '1 of 3 windows had too few answers: p95 needs 200',
    })
    const thinner = madeStep([...seconds(1, answers(10, { count: 200 })), ...seconds(2, answers(10, { count: 5 }))])
    expect(judged(thinner, 'p95 < 300ms over 1s').state).toBe('unknown')
  })

  it('is the slow obvious thing', () => {
    const ms = fc.integer({ min: 1, max: 1000 })
    fc.assert(
      fc.property(
        fc.array(ms, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 6 }),
        ms,
        (each, length, limit) => {
          const step = madeStep(each.map(responseMs => [answers(responseMs)]))
          const windows = Array.from({ length: Math.floor(each.length / length) }, (_, index) => index * length)
          // The median of a window of equal blocks: the block of rank ceil(n / 2).
          const medians = windows.map(
            at => each.slice(at, at + length).toSorted((a, b) => a - b)[Math.ceil(length / 2) - 1]!,
          )
          const broken = medians.filter(median => Math.abs(median - limit) / limit > 0.002 && median > limit)
          const near = medians.some(median => Math.abs(median - limit) / limit <= 0.002)
          fc.pre(!near)
          const result = judged(step, `p50 < ${limit}ms over ${length}s`)
          expect(result.state).toBe(broken.length > 0 ? 'broken' : medians.length > 0 ? 'kept' : 'unknown')
          expect(result.brokenWindows ?? 0).toBe(broken.length)
        },
      ),
    )
  })
})

describe('resultText', () => {
  it('says it in a line', () => {
    const bad = [answers(900, { count: 50 }), answers(10, { count: 50 })]
    const run = madeStep([...seconds(8, answers(10)), ...seconds(4, ...bad)])
    const texts = ['p95 < 300ms over 2s', 'errors < 1%', 'p99.9 < 1s', 'rate >= 120/s', 'checks("has id") > 9%']
    expect(judgeThresholds(run, texts.map(parseThreshold)).map(resultText)).toMatchInlineSnapshot(`
      [
        "p95 900 ms in the worst window; broken in 2 windows, first at 8 s",
        "errors 0 %",
        "p99.9 900 ms (1,200 answers, and p99.9 needs 10,000)",
        "rate 100/s",
        "checks("has id") unknown (no such check was made)",
      ]
    `)
  })
})

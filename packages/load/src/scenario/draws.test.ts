/** What users draw, by their global number and the seed: rows, values and the time they think. */
import { describe, expect, it } from 'vitest'
import { generate, list, range } from './data/feeder.ts'
import { get } from './define.ts'
import { compileSteps } from './testing/steps.ts'
import { exponential, think } from './think-time.ts'

describe('data', () => {
  it('draws rows by the global number of the user, so that workers never take one out of turn', () => {
    const compiled = compileSteps([get('/{item}/{page}')], {
      data: { item: list(['a', 'b', 'c']), page: range(10, 14) },
    })
    const drawnBy = (arrivals: number[]) =>
      arrivals.map(arrival => compiled.flows[0]!.user(arrival, undefined).variables)
    const all = [0, 1, 2, 3, 4, 5, 6, 7]
    const whole = drawnBy(all)
    expect(whole.map(({ item, page }) => `${String(item)}${String(page)}`)).toEqual([
      'a10',
      'b11',
      'c12',
      'a13',
      'b14',
      'c10',
      'a11',
      'b12',
    ])
    expect(
      [...drawnBy([0, 2, 4, 6]), ...drawnBy([1, 3, 5, 7])].toSorted(
        (a, b) => Number(a['arrival']) - Number(b['arrival']),
      ),
    ).toEqual(whole)
  })

  it('repeats random draws by the seed and spreads them evenly', () => {
    const draws = (seed: number) => {
      const compiled = compileSteps([get('/{n}')], { data: { n: range(0, 9, { order: 'random' }) } }, { seed })
      return Array.from({ length: 5_000 }, (_, arrival) => compiled.flows[0]!.user(arrival, undefined).variables['n'])
    }
    expect(draws(1)).toEqual(draws(1))
    expect(draws(1)).not.toEqual(draws(2))
    const counts = new Map<unknown, number>()
    for (const value of draws(3)) counts.set(value, (counts.get(value) ?? 0) + 1)
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0)
    // 99.9 % point of chi-square with nine degrees of freedom.
    expect(chiSquare).toBeLessThan(27.9)
  })

  it('ends the schedule before data that is used once runs out, and says which', async () => {
    const compiled = compileSteps([get('/{a}/{b}')], {
      data: {
        a: list([1, 2, 3], { order: 'once' }),
        b: range(1, 9, { order: 'once' }),
        c: list([1], { order: 'once' }),
      },
    })
    await compiled.prepare!(undefined)
    expect(compiled.arrivalLimit!()).toEqual({ arrivals: 3, because: 'a (a list) is used once and holds 3 rows' })
  })

  it('takes generators by the number of the user, also on the second of two workers', () => {
    const squares = generate(function* () {
      for (let n = 0; n < 5; n++) yield n * n
    })
    const compiled = compileSteps([get('/{square}/{twice}')], {
      data: { square: squares, twice: generate(arrival => arrival * 2) },
    })
    const flow = compiled.flows[0]!
    expect([1, 3].map(arrival => flow.user(arrival, undefined).variables)).toMatchObject([
      { square: 1, twice: 2 },
      { square: 9, twice: 6 },
    ])
    const [step] = flow.steps
    const late = flow.user(5, undefined)
    expect(() => step?.kind === 'request' && step.encode(late)).toThrow(/the generator ended before user 5/)
  })
})

describe('think time', () => {
  it('is fixed, between two times, or exponential, and the same for the same user', () => {
    const steps = [think('50ms'), think('200ms..1s'), think(exponential('1s')), get('/')]
    const arrivals = Array.from({ length: 300 }, (_, arrival) => arrival)
    const compiled = compileSteps(steps)
    const times = (index: number) =>
      arrivals.map(arrival => {
        const step = compiled.flows[0]!.steps[index]!
        return step.kind === 'think' ? step.ms(compiled.flows[0]!.user(arrival, undefined)) : NaN
      })
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(new Set(times(0))).toEqual(new Set([50]))
    expect(Math.min(...times(1))).toBeGreaterThanOrEqual(200)
    expect(Math.max(...times(1))).toBeLessThan(1_000)
    expect(mean(times(1))).toBeCloseTo(600, -2)
    expect(mean(times(2)) / 1_000).toBeGreaterThan(0.8)
    expect(mean(times(2)) / 1_000).toBeLessThan(1.2)
    expect(times(2)).toEqual(times(2))
  })
})

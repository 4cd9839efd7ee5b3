import { expect, it } from 'vitest'
import { printTrial } from './print-trial.ts'
import { printed, recordedRun } from './testing/printed.ts'

const { trial } = recordedRun

it('a trial is printed as before, after, change with its interval, and verdict', () => {
  expect(printed(terminal => printTrial(trial, terminal))).toMatchInlineSnapshot(`
    "
                                      before    after  change  95 % interval
      all routes p50                  9.4 ms   2.6 ms   −69 %  −74 to −63 %  better
      all routes p95                   42 ms   8.1 ms   −83 %  −86 to −79 %  better
      all routes rate                     43       43     0 %  0 to 0 %      equal
      all routes errors                  0 %      0 %     0 %  0 to 0 %      equal
      GET /orders p50                  45 ms   5.0 ms   −89 %  −91 to −86 %  better
      GET /orders p95                  66 ms   7.4 ms   −88 %  −90 to −85 %  better
      GET /products/:id/reviews p50    17 ms   2.4 ms   −86 %  −89 to −83 %  better
      GET /products/:id/reviews p95    23 ms   3.3 ms   −86 %  −90 to −82 %  better
      GET /customers/:id/act... p50    10 ms   2.7 ms   −76 %  −80 to −72 %  better
      GET /customers/:id/act... p95    15 ms   3.6 ms   −79 %  −84 to −73 %  better
      all routes CPU                  5.9 ms   2.9 ms   −51 %  −54 to −48 %  better
      GET /catalogue/:id body         125 kB   3.6 kB   −97 %                better
      12 counted sizes and queries are equal

      14 pairs, random order, fresh process per block; A against itself ±36 %
      verdict: better
    "
  `)
})

it('a counter that never varies needs no interval', () => {
  const queries = {
    ...trial.metrics[0]!,
    route: 'GET /orders',
    name: 'queriesPerRequest' as const,
    deterministic: true,
    a: 51,
    b: 2,
    ratio: { estimate: 2 / 51, low: 2 / 51, high: 2 / 51 },
  }
  expect(printed(terminal => printTrial({ ...trial, metrics: [queries] }, terminal))).toMatchInlineSnapshot(`
    "
                                      before    after  change  95 % interval
      GET /orders queries                 51        2   −96 %                better

      14 pairs, random order, fresh process per block; A against itself ±36 %
      verdict: better
    "
  `)
})

it('a trial on a noisy machine has no verdict', () => {
  const noisy = { ...trial, verdict: 'unclear' as const, guard: { pairs: 6, spreadFraction: 0.18, tooNoisy: true } }
  const text = printed(terminal => printTrial(noisy, terminal))
  expect(text.split('\n').slice(-4).join('\n')).toMatchInlineSnapshot(`
    "  14 pairs, random order, fresh process per block; A against itself ±18 %
      ! Too noisy to decide: the base differed from itself by more than 5 %.
        Close other programs, use --pairs 40, or a larger margin.
    "
  `)
})

it('pairs that the load generator spoiled are not called noise of the machine', () => {
  const lost = {
    ...trial,
    verdict: 'unclear' as const,
    pairs: 9,
    thrownOut: 10,
    guard: { pairs: 4, spreadFraction: 0.01, tooNoisy: true },
  }
  const text = printed(terminal => printTrial(lost, terminal))
  expect(text.split('\n').slice(-5).join('\n')).toMatchInlineSnapshot(`
    "  9 pairs, random order, fresh process per block; A against itself ±1 %
      ! Too few pairs to decide: 9 are left, 10 blocks were thrown out because the
        load generator could not keep up.
        Close other programs, lower --rate, or use --pairs 40.
    "
  `)
})

it('a trial decided by its counts says why the times are unclear', () => {
  const metrics = trial.metrics.map(one => (one.deterministic ? one : { ...one, verdict: 'unclear' as const }))
  const counted = { ...trial, metrics, pairs: 13, thrownOut: 10 }
  const text = printed(terminal => printTrial(counted, terminal))
  expect(text.split('\n').slice(-5).join('\n')).toMatchInlineSnapshot(`
    "  13 pairs, random order, fresh process per block; A against itself ±36 %
      ! Too few pairs to judge the times: 13 are left, 10 blocks were thrown out
        because the load generator could not keep up.
      verdict: better
    "
  `)
})

it('a change too small to print has no sign', () => {
  const rate = { ...trial.metrics[0]!, ratio: { estimate: 1, low: 0.99999, high: 1.00001 } }
  expect(printed(terminal => printTrial({ ...trial, metrics: [rate] }, terminal))).toContain(' 0 %  0 to 0 % ')
})

it('no line of it is wider than 80 columns', () => {
  const lines = printed(terminal => printTrial(trial, terminal)).split('\n')
  expect(lines.filter(line => line.length > 80)).toEqual([])
})

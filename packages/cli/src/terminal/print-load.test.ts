import { parseThreshold } from '@whetstone/load'
import type { LoadReport, LoadStep } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { printLoad } from './print-load.ts'
import { exampleLoad, exampleStep, spread } from './testing/example-load.ts'
import { printed } from './testing/printed.ts'

const withStep = (change: Partial<LoadStep>): LoadReport => ({
  ...exampleLoad,
  steps: [{ ...exampleStep, routes: exampleStep.routes.slice(0, 1), checks: [], ...change }],
})
const shown = (report: LoadReport) => printed(terminal => printLoad(report, terminal))

it('a load test is printed with its response time from the schedule, beside that of the service and its own lag', () => {
  const report: LoadReport = {
    ...exampleLoad,
    thresholds: [
      { threshold: parseThreshold('p95 < 300ms'), state: 'kept', value: 76 },
      { threshold: parseThreshold('errors < 1%'), state: 'broken', value: 0.025 },
      {
        threshold: parseThreshold('POST /search: p99 < 80ms over 5s abort'),
        state: 'broken',
        value: 89,
        brokenAtMs: 5_000,
        brokenWindows: 3,
      },
      { threshold: parseThreshold('p99.9 < 1s'), state: 'unknown', note: '3,900 answers, and p99.9 needs 10,000' },
    ],
    warnings: ['one of the connections was slow, and this sentence is long enough to be broken into two lines'],
  }
  expect(shown(report)).toMatchInlineSnapshot(`
    "
      open model, poisson arrivals, for 20 s
      offered 200 /s   achieved 200 /s   4,000 requests   errors 2.5 %

                     p50     p90     p95     p99   p99.9     max
      response     40 ms   72 ms   76 ms   79 ms       -   80 ms  since it was due
      service      35 ms   63 ms   66 ms   69 ms       -   70 ms  since it was sent
      lag         175 µs  275 µs  287 µs  297 µs       -  300 µs  the generator
      waiting       5 µs    9 µs    9 µs   10 µs       -   10 µs  for a connection

      by route     requests   errors      p50      p95      p99
      GET /items      2,900      0 %    20 ms    38 ms    40 ms
      POST /search    1,100    9.1 %    47 ms    86 ms    89 ms

      answers   2xx 3,900 (p95 73 ms)   5xx 100 (p95 1.9 ms)
      errors    http-503 98   timeout 2
      ✓ status is 200                             100 %  2,900 of 2,900
      ✗ the list is not empty                      99 %  990 of 1,000

      ✓ p95 < 300ms                               76 ms
      ✗ errors < 1%                               2.5 %
      ✗ POST /search: p99 < 80ms over 5s abort    89 ms
        first broken at 5 s, in 3 windows
      ! p99.9 < 1s                                    -
        3,900 answers, and p99.9 needs 10,000

      generator healthy: sends late by 80 µs at p50, 290 µs at p99, 18 % of a core
      ! one of the connections was slow, and this sentence is long enough to be
        broken into two lines
    "
  `)
})

it('the closed model is called what it is', () => {
  expect(
    shown(withStep({ arrivals: 'closed', users: 20 }))
      .split('\n')
      .slice(1, 4)
      .join('\n'),
  ).toMatchInlineSnapshot(`
    "  closed model: 20 users for 20 s; slow answers lower the load
      achieved 200 /s   4,000 requests   errors 2.5 %
    "
  `)
})

it('nothing is late where each user asks as soon as it was answered', () => {
  const generator = { ...exampleStep.generator, lagP50Ms: 0, lagP99Ms: 0, lagMaxMs: 0 }
  const lines = shown(withStep({ arrivals: 'closed', users: 20, generator })).split('\n')
  expect(lines.filter(line => /response|lag|generator/.test(line)).map(line => line.trim())).toEqual([
    expect.stringMatching(/^response .* -$/),
    'generator healthy: sends late by -, 18 % of a core',
  ])
})

it('users that send several requests each are told apart from these', () => {
  const step = withStep({ offeredRatePerSecond: 25, achievedRatePerSecond: 44.7, requestsPerUser: 2 })
  expect(shown(step)).toContain('offered 25 users/s   achieved 44.7 requests/s   4,000 requests')
})

it('a route with so few answers that its p99 would be its slowest has none', () => {
  const few = { ...exampleStep.routes[0]!, requests: 2, response: spread(2, 1, 9) }
  const report = withStep({ routes: [few, exampleStep.routes[1]!] })
  expect(shown(report)).toMatch(/GET \/items +2 +0 % +1\.0 ms +- +-\n/)
})

it('what came before it was steady is shown apart and named', () => {
  const report = withStep({ steadyState: { kind: 'steady', excludedMs: 4_000, response: spread(3_000, 1, 20) } })
  expect(shown(report).split('\n').slice(3, 11).join('\n')).toMatchInlineSnapshot(`
    "
                     p50     p90     p95     p99   p99.9     max
      response     11 ms   18 ms   19 ms   20 ms       -   20 ms  since it was due
      whole        40 ms   72 ms   76 ms   79 ms       -   80 ms  with its start
      service      35 ms   63 ms   66 ms   69 ms       -   70 ms  since it was sent
      lag         175 µs  275 µs  287 µs  297 µs       -  300 µs  the generator
      waiting       5 µs    9 µs    9 µs   10 µs       -   10 µs  for a connection
      steady after 4 s; what came before is shown and not judged"
  `)
})

it('a generator that was the limit says why', () => {
  const reasons = [
    'sends were late by 80 ms at p99, against a response p99 of 90 ms',
    'the generator used 97 % of a core',
  ]
  const generator = { ...exampleStep.generator, verdict: 'invalid' as const, reasons, lagP99Ms: 80, cpuFraction: 0.97 }
  expect(shown(withStep({ generator })).split('\n').slice(-6).join('\n')).toMatchInlineSnapshot(`
    "  errors    http-503 98   timeout 2

      generator invalid: sends late by 80 µs at p50, 80 ms at p99, 97 % of a core
                · sends were late by 80 ms at p99, against a response p99 of 90 ms
                · the generator used 97 % of a core
    "
  `)
})

describe('where nothing succeeded', () => {
  it('there is no latency, and the errors are told by kind', () => {
    const none = spread(0, 0, 0)
    const report = withStep({
      errors: 4_000,
      completed: 0,
      errorsByKind: { 'connect-refused': 3_990, timeout: 10 },
      overall: { requests: 4_000, errors: 4_000, response: none, service: none },
      routes: [{ ...exampleStep.routes[0]!, requests: 4_000, errors: 4_000, response: none, statusCounts: {} }],
    })
    expect(shown(report).split('\n').slice(1, 9).join('\n')).toMatchInlineSnapshot(`
      "  open model, poisson arrivals, for 20 s
        offered 200 /s   achieved 200 /s   4,000 requests   errors 100 %

                       p50     p90     p95     p99   p99.9     max
        lag         175 µs  275 µs  287 µs  297 µs       -  300 µs  the generator
        waiting       5 µs    9 µs    9 µs   10 µs       -   10 µs  for a connection

        errors    connect-refused 3,990   timeout 10"
    `)
  })
})

it('no line of it is wider than 80 columns', () => {
  const long = 'GET /customers/:customer/orders/:order/items/:item/reviews/:review/comments'
  const report: LoadReport = {
    ...exampleLoad,
    thresholds: [
      {
        threshold: parseThreshold(`${long}: p95 < 300ms over 10s abort`),
        state: 'broken',
        value: 1_234,
        brokenAtMs: 3_000,
        brokenWindows: 12,
      },
    ],
    steps: [
      {
        ...exampleStep,
        routes: exampleStep.routes.map(route => ({ ...route, route: long })),
        checks: [{ name: long, route: long, passes: 1_000_000, fails: 1 }],
        overall: {
          ...exampleStep.overall,
          response: spread(20_000, 0.001, 59_000),
          service: spread(20_000, 900, 59_000),
        },
      },
    ],
  }
  expect(
    shown(report)
      .split('\n')
      .filter(line => line.length > 80),
  ).toEqual([])
})

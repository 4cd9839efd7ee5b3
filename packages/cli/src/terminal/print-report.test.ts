import type { CoverageRow, RunReport } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { expectation, printCoverage, printFindings, printRoutes } from './print-report.ts'
import { printed, recordedRun } from './testing/printed.ts'

const withRun = (changes: Partial<RunReport>): RunReport => ({ ...recordedRun, ...changes })

describe('the routes of a run', () => {
  it('are printed with what users wait for, the costliest first', () => {
    expect(printed(terminal => printRoutes(recordedRun, terminal))).toMatchInlineSnapshot(`
      "
        GET /orders                      p50 36 ms    p95 167 ms  44 % of waiting
        GET /products/:id/reviews        p50 17 ms     p95 31 ms  20 % of waiting
        GET /customers/:id/activity      p50 10 ms     p95 35 ms  14 % of waiting
        GET /stock/:id                  p50 8.2 ms     p95 20 ms   5 % of waiting
        GET /products                   p50 7.6 ms     p95 20 ms  3.3 % of waiting
        GET /invoices/:id                p50 12 ms     p95 17 ms  2.8 % of waiting
        GET /products/:id               p50 1.7 ms     p95 17 ms  2.5 % of waiting
        GET /categories/:id/products    p50 3.1 ms     p95 13 ms  2.2 % of waiting
        and 5 more routes
      "
    `)
  })

  it('have no latency where nothing was asked', () => {
    const idle = recordedRun.routes.slice(0, 2).map(route => ({ ...route, requests: 0, timeFraction: 0 }))
    expect(printed(terminal => printRoutes(withRun({ routes: idle }), terminal))).toMatchInlineSnapshot(`
      "
        GET /orders                       p50 -         p95 -   0 % of waiting
        GET /products/:id/reviews         p50 -         p95 -   0 % of waiting
      "
    `)
  })

  it('have no latency where every request failed', () => {
    const failing = recordedRun.routes.slice(0, 1).map(route => ({ ...route, errors: route.requests, p50Ms: 0 }))
    expect(printed(terminal => printRoutes(withRun({ routes: failing }), terminal))).toContain('p50 -         p95 -')
  })
})

describe('the findings of a run', () => {
  it('of a service that ended begin with its last lines, and are not said to be nothing', () => {
    const text = 'the service exited with code 1; last lines: a\nError: no such table\n    at x.js:1'
    const run = withRun({ findings: [], events: [{ atMs: 1, kind: 'error', text }] })
    expect(printed(terminal => printFindings(run, terminal))).toMatchInlineSnapshot(`
      "
        ✗ the service exited with code 1; last lines: a
            Error: no such table
            at x.js:1
      "
    `)
  })

  it('are printed with place, figures, remedy and gain', () => {
    expect(printed(terminal => printFindings(recordedRun, terminal))).toMatchInlineSnapshot(`
      "
        ✗ 101 queries per request where 2 would do
            apps/shop/src/routes/orders.ts:45   GET /orders   strong
            runs of one statement per request 100, time in them per request 35 ms,
            share of the request 82 %
            fix: whetstone explain n-plus-one   expected p95 11 to 53 ms, now 167 ms
        ✗ reviews is read in full (240,000 rows) to find rows by product_id
            apps/shop/src/routes/products.ts:41   GET /products/:id/reviews   measured
            time without the index 9.7 ms, time with the index 189 µs, plan cost
            without the index 5,534
            fix: whetstone explain missing-index
            expected p95 2.3 to 15 ms, now 31 ms
        ✗ 2,500 rows fetched at once for an answer of 20
            apps/shop/src/routes/customers.ts:39   GET /customers/:id/activity
            strong
            rows per call 2,500, items in the answer 20, time of a call 9.8 ms
            fix: whetstone explain limit-result-sets
            expected p95 6.8 to 29 ms, now 35 ms
        ✗ 20 % of requests wait 18 ms for one of 1 connections
            apps/shop/src/database.ts:8   strong
            connections of the pool 1, most waiting at once 5, share of request time
            spent waiting 27 %
            fix: whetstone explain pool-size
            expected p95 of GET /orders 73 to 164 ms, now 167 ms
        ✗ 1 new database connection per request, 4.6 ms each
            apps/shop/src/routes/products.ts:55   GET /stock/:id   strong
            connections opened per request 1 times, time to open one 4.6 ms, share of
            the request spent connecting 51 %
            fix: whetstone explain connection-pooling
            expected p95 8.7 to 11 ms, now 20 ms
        ✗ Pages up to row 38,226 by OFFSET: 11 ms where the first pages take 0.78 ms
            apps/shop/src/routes/products.ts:20   GET /products   strong
            deepest offset seen 38,230 rows, time of a deep page 11 ms, time of a
            shallow page 776 µs
            fix: whetstone explain keyset-pagination
            expected p95 3.3 to 12 ms, now 20 ms
        ✗ 3 reads per request where 1 would do
            apps/shop/src/routes/customers.ts:44   GET /account/:id   strong
            runs per request 3, different parameters per request 1, share of the
            request in repeated reads 53 %
            fix: whetstone explain duplicate-queries
            expected p95 4.4 to 18 ms, now 19 ms
        ✗ pbkdf2Sync holds the event loop for 10 ms at a time
            apps/shop/src/routes/documents.ts:17   GET /invoices/:id   strong
            time per request 10 ms, one call 10 ms, longest call 15 ms
            fix: whetstone explain sync-io   expected p95 3.0 to 6.6 ms, now 17 ms
        ! 150 kB fetched per request to answer 5.5 kB
            apps/shop/src/routes/products.ts:34   GET /categories/:id/products
            strong
            bytes fetched per request 152 kB, bytes answered per request 5.5 kB, bytes
            of a row 1.5 kB
            fix: whetstone explain select-needed-columns
            expected p95 6.9 ms at best, now 13 ms
        · 130 kB sent where 3.5 kB would do
            GET /catalogue/:id   measured
            body as sent 125 kB, the same under gzip 6 3.5 kB, saved 97 %
            fix: whetstone explain response-compression   expected 3.5 kB, now 125 kB
      "
    `)
  })

  it('promise no more than the prediction can tell, and say which route it is about', () => {
    const [finding] = recordedRun.findings
    const p95Ms = { beforeMs: 349, estimate: 343, low: 328, high: 366 }
    const offloaded = { ...finding!, predicted: { ...finding!.predicted!, route: 'GET /board', p95Ms } }
    expect(expectation(offloaded)).toBe('expected p95 of GET /board 328 ms at best, now 349 ms')
    const cached = { bytes: { before: 1_600, after: 0 }, traces: 0, method: 'bytes' } as const
    expect(expectation({ ...finding!, predicted: cached })).toBe('expected nothing to do while a cache answers')
    const { route: _, ...unplaced } = finding!.predicted!
    expect(expectation({ ...finding!, predicted: unplaced })).toBe('expected p95 11 to 53 ms, now 167 ms')
  })

  it('are said to be none, and which routes were not called', () => {
    const routes = recordedRun.routes.map((route, at) => (at < 6 ? { ...route, requests: 0 } : route))
    expect(printed(terminal => printFindings(withRun({ findings: [], routes }), terminal))).toMatchInlineSnapshot(`
      "
        Nothing to fix in what could be seen.
        ! not called in this time, so nothing is known of: GET /orders, GET
          /products/:id/reviews, GET /customers/:id/activity, GET /stock/:id, GET
          /products and 1 more; give a longer --duration or a higher --rate
      "
    `)
  })
})

describe('what a run could not look at', () => {
  const row = (practice: string, more: Partial<CoverageRow>): CoverageRow => ({
    practice,
    chapter: 'database',
    title: practice,
    state: 'unknown',
    note: '',
    ...more,
  })

  it('is nothing to speak of when everything was seen', () => {
    expect(printed(terminal => printCoverage(recordedRun, terminal))).toBe('')
  })

  it('is printed with what to type', () => {
    const report = withRun({
      coverage: [
        row('missing-index', { give: '--db' }),
        row('pool-size', { give: '--db' }),
        row('cpu-profiling', { give: 'a command to start' }),
        row('sync-io', { state: 'failed', note: 'the check itself failed: no profile' }),
      ],
      skipped: [
        { route: 'GET /files/:name', why: 'no id is known for :name', give: '--ids name=<file>' },
        { route: 'DELETE /orders/:id', why: 'it changes data', give: '--request …/:id' },
        { route: 'POST /orders', why: 'it changes data', give: 'mark it safe in the config' },
      ],
      warnings: ['the load generator was behind its schedule for 2 % of the requests'],
    })
    expect(printed(terminal => printCoverage(report, terminal))).toMatchInlineSnapshot(`
      "  · 3 checks lacked evidence: add --db, or a command to start (whetstone
          coverage)
        ! sync-io: the check itself failed: no profile
        · skipped GET /files/:name: no id is known for :name; --ids name=<file>
        · 2 routes that change data were not called; mark it safe in the config
        ! the load generator was behind its schedule for 2 % of the requests
      "
    `)
  })

  it('lacks only its end when it was interrupted', () => {
    const run = { ...recordedRun.run, interruptedAfterMs: 7_400 }
    const report = withRun({ run, coverage: [row('missing-index', { give: '--db' })], skipped: [], warnings: [] })
    expect(printed(terminal => printCoverage(report, terminal))).toBe(
      '  · 1 check lacked evidence: add a run to its end (whetstone coverage)\n',
    )
  })
})

it('no line of a report is wider than 80 columns', () => {
  const long = 'a title that goes on and on, because the cause it names has many words, and none of them may be lost'
  const [finding] = recordedRun.findings
  const findings = [{ ...finding!, title: long }, ...recordedRun.findings]
  const routes = recordedRun.routes.map(route => ({ ...route, requests: 0 }))
  const report = { ...recordedRun, findings, routes, warnings: [long] }
  const text = printed(terminal => {
    printRoutes(report, terminal)
    printFindings(report, terminal)
    printCoverage(report, terminal)
  })
  expect(text.split('\n').filter(line => line.length > 80 || line !== line.trimEnd())).toEqual([])
})

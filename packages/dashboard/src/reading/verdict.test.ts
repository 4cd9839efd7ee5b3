import type { RunReport } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import * as reports from '../../test/fixtures/reports.ts'
import { THIN } from './format.ts'
import { verdictOf } from './verdict.ts'

const read = (report: RunReport) => {
  const { sentence, detail } = verdictOf(report)
  return { sentence: sentence.replaceAll(THIN, ' '), detail: detail.replaceAll(THIN, ' ') }
}

describe('the verdict as a sentence', () => {
  it('says what changed when a trial decided it', () => {
    expect(read(reports.demoReport())).toMatchInlineSnapshot(`
      {
        "detail": "8.0 times faster (95 % interval 7.3 to 8.8 times), over 14 paired blocks. 5 remedies were applied one after another.",
        "sentence": "p95 latency fell from 374 ms to 47 ms at 200 requests per second",
      }
    `)
  })

  it('names the heaviest cause when nothing was changed yet', () => {
    expect(read(reports.diagnosedReport())).toMatchInlineSnapshot(`
      {
        "detail": "p95 is 374 ms over 24,037 good answers, 200 per second; 12 of 24,120 requests failed. Each is below with its evidence, its place and its remedy; nothing was changed yet.",
        "sentence": "Three things make it slow, above all: 51 queries per request where 2 would do",
      }
    `)
  })

  it('tells good answers from requests where some failed', () => {
    const report = reports.diagnosedReport()
    const { overall } = report
    const failing = { ...overall, errors: 4_120, requests: overall.response.count + 4_120, ratePerSecond: 150 }
    expect(read({ ...report, overall: failing }).detail).toMatch(
      /^p95 is 374 ms over [\d,]+ good answers, 150 per second; 4,120 of [\d,]+ requests failed\. Each is below/,
    )
    const none = { ...overall, errors: 5, requests: 5, response: { ...overall.response, count: 0 } }
    expect(read({ ...report, overall: none }).detail).toMatch(/^All that is known is that 5 of 5 requests failed\. /)
  })

  it('says that there is nothing to fix in what could be seen', () => {
    expect(read(reports.cleanReport())).toMatchInlineSnapshot(`
      {
        "detail": "p95 is 12 ms at 200 requests per second, errors 0 %. 4 practices could not be judged; below is what would make them visible.",
        "sentence": "Nothing to fix in what could be seen",
      }
    `)
  })

  it('claims nothing when no request was answered', () => {
    expect(read(reports.emptyReport())).toMatchInlineSnapshot(`
      {
        "detail": "No request was answered in this run, so nothing can be said about the service.",
        "sentence": "Nothing was measured",
      }
    `)
  })

  it('says when and why a run broke', () => {
    expect(read(reports.failedReport())).toMatchInlineSnapshot(`
      {
        "detail": "The service exited with signal SIGABRT: JavaScript heap out of memory. What was measured until then is below: 6,800 requests.",
        "sentence": "The run broke after 34.1 s",
      }
    `)
  })

  it('tells pairs that were lost from a noisy machine', () => {
    const noisy = reports.noisyReport()
    const guard = { pairs: 4, spreadFraction: 0.01, tooNoisy: true }
    const trial = { ...noisy.trial!, guard, pairs: 9, thrownOut: 10 }
    expect(read({ ...noisy, trial })).toMatchInlineSnapshot(`
      {
        "detail": "10 blocks were thrown out because the load generator could not keep up, and 9 pairs are left. The changes below are shown in grey and mean nothing: lower the rate, close what else is running, or take more pairs.",
        "sentence": "Too few pairs to decide",
      }
    `)
  })

  it('refuses to decide on a noisy machine', () => {
    expect(read(reports.noisyReport())).toMatchInlineSnapshot(`
      {
        "detail": "The same service measured against itself differed by 14 % on this machine. The changes below are shown in grey and mean nothing until it is quiet: close what else is running, or measure longer.",
        "sentence": "Too noisy to decide",
      }
    `)
  })

  it('leads with a metric that shows what was decided', () => {
    const report = reports.demoReport()
    const metrics = report.trial!.metrics.map(metric =>
      metric.name === 'p95Ms' && metric.route === 'overall'
        ? { ...metric, verdict: 'equal' as const, b: metric.a, ratio: { estimate: 1, low: 0.99, high: 1.01 } }
        : metric,
    )
    expect(read({ ...report, trial: { ...report.trial!, metrics } }).sentence).toBe(
      'p50 latency fell from 55 ms to 19 ms at 200 requests per second',
    )
  })

  it.each([
    ['worse', 'p95 latency rose from 47 ms to 374 ms at 200 requests per second'],
    ['equal', 'p95 latency stayed equal, 47 ms before and 374 ms after, at 200 requests per second'],
    ['unclear', 'It is unclear if p95 latency changed: 47 ms before and 374 ms after, at 200 requests per second'],
  ] as const)('has its own words for %s', (verdict, sentence) => {
    const report = reports.demoReport()
    const metrics = report.trial!.metrics.map(metric => ({ ...metric, verdict, a: metric.b, b: metric.a }))
    expect(read({ ...report, verdict, trial: { ...report.trial!, metrics } }).sentence).toBe(sentence)
  })

  it('falls back to the ladder when there was no trial', () => {
    const { trial: _, ...report } = reports.demoReport()
    expect(read(report).sentence).toBe('p95 latency fell from 374 ms to 47 ms')
  })
})

import type { CapacityResult, LoadReport } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { parseThreshold } from '../thresholds/parse.ts'
import { junitXml } from './junit.ts'
import { madeReport } from './testing/made-report.ts'

describe('junitXml', () => {
  it('makes a test case of each limit, with its values where it is broken', () => {
    const thresholds = ['p50 < 300ms', 'p95 < 300ms', 'service p99.9 < 2s', 'rate >= 100/s over 1s']
    expect(junitXml(madeReport(thresholds, { warnings: ['3 of 9 writes were lost'] }))).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <testsuites>
        <testsuite name="load browse, &quot;then&quot; buy" package="whetstone" id="0" timestamp="2026-11-21T11:59:58" hostname="localhost" tests="5" failures="2" errors="0" skipped="1" time="7.000">
          <properties>
            <property name="target" value="http://127.0.0.1:3000"/>
            <property name="run" value="7f3a"/>
            <property name="seed" value="1"/>
            <property name="verdict" value="fail"/>
            <property name="tool" value="whetstone 0.1.0"/>
          </properties>
          <testcase name="the run can be judged" classname="whetstone.load.browse, &quot;then&quot; buy" time="0"/>
          <testcase name="p50 &lt; 300ms" classname="whetstone.load.browse, &quot;then&quot; buy" time="0"/>
          <testcase name="p95 &lt; 300ms" classname="whetstone.load.browse, &quot;then&quot; buy" time="0">
            <failure message="p95 900 ms (15 errors count as endless)" type="threshold">limit: p95 &lt; 300ms
      found: p95 900 ms (15 errors count as endless)</failure>
          </testcase>
          <testcase name="service p99.9 &lt; 2s" classname="whetstone.load.browse, &quot;then&quot; buy" time="0">
            <skipped message="service p99.9 22.5 s (459 answers, and service p99.9 needs 10,000)"></skipped>
          </testcase>
          <testcase name="rate &gt;= 100/s over 1s" classname="whetstone.load.browse, &quot;then&quot; buy" time="0">
            <failure message="rate 0/s in the worst window; broken in one window, first at 2 s" type="threshold">limit: rate &gt;= 100/s over 1s
      found: rate 0/s in the worst window; broken in one window, first at 2 s</failure>
          </testcase>
          <system-out>warm-up: 100/s  p50 20 ms  p95 40 ms  p99 40 ms  errors 0 %
      measure: 94.8/s  p50 10 ms  p95 900 ms  p99 900 ms  errors 3.2 %</system-out>
          <system-err>3 of 9 writes were lost</system-err>
        </testsuite>
      </testsuites>
      "
    `)
  })

  it('lets no CI server take an invalid run for a pass', () => {
    const report = madeReport(['p50 < 300ms', 'p95 < 300ms'], { verdict: 'invalid' })
    const generator = {
      ...report.steps[1]!.generator,
      verdict: 'invalid',
      reasons: ['the generator used 97 % of a core'],
    } as const
    const thresholds = report.thresholds.map(result =>
      result.state === 'broken' ? { ...result, state: 'unknown' as const } : result,
    )
    const xml = junitXml({ ...report, thresholds, steps: [report.steps[0]!, { ...report.steps[1]!, generator }] })
    expect(xml).toContain('tests="3" failures="0" errors="1" skipped="1"')
    expect(xml).toMatch(
      /<error message="the load generator could not keep its schedule" type="invalid">the generator used 97 % of a core</,
    )
  })

  it('fails where the run does not end with 0 though no limit failed', () => {
    const first = (change: Partial<LoadReport>) =>
      /the run can be judged.*\n? *(<.*)/.exec(junitXml(madeReport(['p50 < 300ms'], change)))![1]
    expect(first({ exitCode: 4 })).toBe('<failure message="not everything could be decided" type="exit 4"></failure>')
    expect(first({ exitCode: 1, verdict: 'fail', stopped: 'threshold' })).toBe(
      '<failure message="ended early by a limit that says abort" type="exit 1"></failure>',
    )
    expect(first({ exitCode: 4, verdict: 'degraded' })).toContain('a share of the load was lost')
    const broken = junitXml(madeReport(['p95 < 300ms'], { exitCode: 1 }))
    expect(broken).toContain('tests="2" failures="1"')
  })

  it('fails where every request was refused, though every limit was kept', () => {
    const failures = ['GET /gone answered 404 to all 236 requests', '2 checks failed']
    const xml = junitXml(madeReport(['p50 < 300ms'], { verdict: 'fail', exitCode: 1, failures }))
    expect(xml).toContain('tests="2" failures="1"')
    expect(xml).toContain(
      '<failure message="GET /gone answered 404 to all 236 requests; 2 checks failed" type="answers">',
    )
  })

  it('makes a test case of the objective of a search', () => {
    const search = (outcome: CapacityResult['outcome'], exitCode: number) =>
      junitXml(
        madeReport([], {
          kind: 'capacity',
          capacity: { objective: [parseThreshold('p95 < 60ms')], outcome, trials: [] },
          exitCode,
        }),
      )
    expect(search('found', 0)).toContain('tests="2" failures="0" errors="0" skipped="0"')
    expect(search('below-smallest-tried', 1)).toContain('<failure message="no rate that was tried kept it"')
    expect(search('below-smallest-tried', 1)).toContain('tests="2" failures="1"')
    expect(search('undecided', 4)).toContain('tests="2" failures="1" errors="0" skipped="1"')
  })

  it('counts an interrupted run as an error, and the limits as they stood', () => {
    expect(junitXml(madeReport(['p95 < 300ms'], { verdict: 'aborted' }))).toContain(
      'failures="1" errors="1" skipped="0"',
    )
  })

  it('writes any name as XML that can be read', () => {
    const name = 'a "b" <c> & d\u0007\uD800 é 🙂'
    const xml = junitXml(madeReport([], { scenario: { name, source: '' } }))
    expect(xml).toContain('<testsuite name="load a &quot;b&quot; &lt;c&gt; &amp; d\uFFFD\uFFFD é 🙂"')
  })
})

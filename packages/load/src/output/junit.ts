/** A report for the test view of a CI server: each limit a test case, in the XML that Ant's JUnit task began and everybody reads. */
import type { LoadReport, LoadStep, ThresholdResult } from '@whetstone/model'
import { msText, numberText, percentText } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { resultText } from '../thresholds/text.ts'

interface Case {
  readonly name: string
  readonly outcome: 'passed' | 'failure' | 'error' | 'skipped'
  readonly type?: string
  readonly message?: string
  readonly detail?: string
}

/**
 * Valid against both Ant's schema and that of Jenkins. A limit that could not be judged is skipped. The first case says whether
 * the run can be judged at all: where it cannot, it is an error; where every request was refused or checks failed, or the run ends with
 * another code than 0 though no limit failed, it fails, so that no CI server takes it for a pass.
 */
export function junitXml(report: LoadReport): string {
  const cases = casesOf(report)
  const count = (outcome: Case['outcome']) => cases.filter(one => one.outcome === outcome).length
  const { run, scenario, target, warnings } = report
  const suite = attributes({
    name: `${report.kind} ${scenario.name}`,
    package: 'whetstone',
    id: 0,
    // Without a zone, as the schema of Ant has it.
    timestamp: new Date(run.startedAt).toISOString().slice(0, 19),
    hostname: 'localhost',
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
    time: secondsOf(run.durationMs),
  })
  const properties = {
    target: target.url,
    run: run.id,
    seed: String(run.seed),
    verdict: report.verdict,
    tool: run.tool,
  }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite${suite}>`,
    '    <properties>',
    ...Object.entries(properties).map(([name, value]) => `      <property${attributes({ name, value })}/>`),
    '    </properties>',
    ...cases.map(one => caseXml(one, `whetstone.${report.kind}.${scenario.name}`)),
    `    <system-out>${escaped(report.steps.map(stepText).join('\n'))}</system-out>`,
    `    <system-err>${escaped(warnings.join('\n'))}</system-err>`,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function casesOf(report: LoadReport): Case[] {
  const name = 'the run can be judged'
  const { verdict, steps, thresholds, exitCode, failures = [] } = report
  const limits = [...objectiveCases(report), ...thresholds.map(thresholdCase)]
  if (verdict === 'aborted') return [{ name, outcome: 'error', type: verdict, message: 'interrupted' }, ...limits]
  if (verdict !== 'invalid') {
    if (failures.length > 0)
      return [{ name, outcome: 'failure', type: 'answers', message: failures.join('; ') }, ...limits]
    const isTold = exitCode === 0 || limits.some(({ outcome }) => outcome === 'failure')
    const first: Case = isTold
      ? { name, outcome: 'passed' }
      : { name, outcome: 'failure', type: `exit ${exitCode}`, message: whyNotPassed(report) }
    return [first, ...limits]
  }
  const reasons = steps.flatMap(({ generator }) => (generator.verdict === 'invalid' ? generator.reasons : []))
  const message = 'the load generator could not keep its schedule'
  return [{ name, outcome: 'error', type: verdict, message, detail: [...new Set(reasons)].join('\n') }, ...limits]
}

/** Of a search: whether any rate kept what it was asked to keep. */
function objectiveCases({ capacity }: LoadReport): Case[] {
  if (capacity === undefined) return []
  const name = capacity.objective.map(({ text }) => text).join(' and ')
  switch (capacity.outcome) {
    case 'found':
    case 'above-largest-tried':
      return [{ name, outcome: 'passed' }]
    case 'below-smallest-tried':
      return [{ name, outcome: 'failure', type: 'capacity', message: 'no rate that was tried kept it' }]
    case 'undecided':
    case 'invalid':
      return [{ name, outcome: 'skipped', message: 'the search ended before it knew' }]
  }
}

function whyNotPassed({ stopped, capacity, verdict, warnings }: LoadReport): string {
  if (stopped === 'threshold') return 'ended early by a limit that says abort'
  if (capacity?.outcome === 'undecided') return 'the search ended before it knew the capacity'
  if (verdict === 'degraded') return 'a share of the load was lost'
  return ['not everything could be decided', ...warnings].join('; ')
}

function thresholdCase(result: ThresholdResult): Case {
  const { text: name } = result.threshold
  const message = resultText(result)
  switch (result.state) {
    case 'kept':
      return { name, outcome: 'passed' }
    case 'unknown':
      return { name, outcome: 'skipped', message }
    case 'broken':
      return { name, outcome: 'failure', type: 'threshold', message, detail: `limit: ${name}\nfound: ${message}` }
  }
}

function caseXml({ name, outcome, type, message = '', detail = '' }: Case, classname: string): string {
  const start = `    <testcase${attributes({ name, classname, time: 0 })}`
  if (outcome === 'passed') return `${start}/>`
  const inner = attributes({ message, ...(type === undefined ? {} : { type }) })
  return `${start}>\n      <${outcome}${inner}>${escaped(detail)}</${outcome}>\n    </testcase>`
}

function stepText(step: LoadStep): string {
  const { response, requests, errors } = step.overall
  const histogram = Histogram.fromJSON(response)
  const quantiles =
    histogram.count === 0
      ? 'no answers'
      : [0.5, 0.95, 0.99].map(q => `p${q * 100} ${msText(histogram.quantile(q) / 1000)}`).join('  ')
  const share = percentText(requests === 0 ? 0 : errors / requests)
  return `${step.purpose}: ${numberText(step.achievedRatePerSecond)}/s  ${quantiles}  errors ${share}`
}

function secondsOf(ms: number): string {
  return (ms / 1000).toFixed(3)
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value)).replaceAll('"', '&quot;')}"`)
    .join('')
}

function escaped(text: string): string {
  return (
    text
      // What XML 1.0 cannot hold in any form, lone surrogates among it.
      .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
  )
}

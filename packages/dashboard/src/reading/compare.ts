/** What changed between before and after: from the trial when one decided it, else from the first and last rung of the ladder. */
import type { MetricComparison, MetricName, RunReport, Verdict } from '@whetstone/model'
import { formatBytes, formatFraction, formatMs, formatNumber, formatRate } from './format.ts'

export function overallMetric(report: RunReport, name: MetricName): MetricComparison | undefined {
  return report.trial?.metrics.find(metric => metric.route === 'overall' && metric.name === name)
}

const words: Readonly<Record<MetricName, string>> = {
  p50Ms: 'p50 latency',
  p95Ms: 'p95 latency',
  p99Ms: 'p99 latency',
  ratePerSecond: 'Throughput',
  errorFraction: 'Errors',
  queriesPerRequest: 'Queries per request',
  bodyBytes: 'Bytes per answer',
  residentBytes: 'Peak memory (RSS)',
  cpuMsPerRequest: 'CPU per request',
}
export function metricWords(name: MetricName): string {
  return words[name]
}

export function formatMetric(name: MetricName, value: number): string {
  switch (name) {
    case 'p50Ms':
    case 'p95Ms':
    case 'p99Ms':
    case 'cpuMsPerRequest':
      return formatMs(value)
    case 'ratePerSecond':
      return formatRate(value)
    case 'errorFraction':
      return formatFraction(value)
    case 'bodyBytes':
    case 'residentBytes':
      return formatBytes(value)
    case 'queriesPerRequest':
      return formatNumber(value)
  }
}

/** Noise that nobody can decide on is shown, but never in the colour of a verdict. */
export function toneOf(verdict: Verdict, tooNoisy: boolean): 'good' | 'bad' | 'plain' | 'muted' {
  if (tooNoisy) return 'muted'
  return verdict === 'better' ? 'good' : verdict === 'worse' ? 'bad' : 'plain'
}

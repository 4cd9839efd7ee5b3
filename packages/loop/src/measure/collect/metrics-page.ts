/** Reads the page a service shows to Prometheus, once: how it counts durations says what its owners can see. */
import type { DurationMetric, MetricsPage } from '@whetstone/model'

/** Larger pages are labelled by whole URLs; the names of their first part are enough. */
const mostCharacters = 2_000_000
const timeoutMs = 2_000

/** Undefined where there is no such page. Never rejects. */
export async function readMetricsPage(baseUrl: string, signal: AbortSignal): Promise<MetricsPage | undefined> {
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(new URL('/metrics', baseUrl), {
      signal: AbortSignal.any([signal, timeout]),
      redirect: 'error',
      headers: { accept: 'text/plain;version=0.0.4' },
    })
    const type = response.headers.get('content-type') ?? ''
    if (!response.ok || !/^(?:text\/plain|application\/openmetrics-text)/.test(type)) {
      await response.body?.cancel()
      return undefined
    }
    return parseMetricsPage((await response.text()).slice(0, mostCharacters))
  } catch {
    return undefined
  }
}

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/ Undefined for text of another format. */
export function parseMetricsPage(text: string): MetricsPage | undefined {
  const types = new Map(
    Array.from(
      text.matchAll(/^# TYPE (\S+) (counter|gauge|histogram|gaugehistogram|summary|untyped|unknown)\s*$/gm),
    ).map(([, name = '', type = '']) => [name, type] as const),
  )
  if (types.size === 0) return undefined
  const durations = [...types].flatMap(([name, type]): readonly DurationMetric[] => {
    const about = name.replace(/_(?:sum|count|total)$/, '')
    if (!isOfRequests(about)) return []
    if (type === 'histogram' || type === 'gaugehistogram') return [{ name, shape: 'buckets' }]
    if (type === 'summary') return [{ name, shape: hasQuantiles(text, name) ? 'quantiles' : 'mean' }]
    // A gauge of its own for a percentile is one too.
    if (/p\d\d|percentile|quantile/.test(about) || hasQuantiles(text, name)) return [{ name, shape: 'quantiles' }]
    return isMeanGauge(type, about) || name.endsWith('_sum') ? [{ name: about, shape: 'mean' }] : []
  })
  return { durations: [...new Map(durations.map(metric => [metric.name, metric])).values()].slice(0, 50) }
}

/** Any other gauge may be the last request, the slowest one or a limit. */
function isMeanGauge(type: string, name: string): boolean {
  return type === 'gauge' && /(?:^|_)(?:avg|mean|average)(?:_|$)/.test(name)
}

/** Of the process, its garbage or its event loop there are durations too, and of the requests that the service makes itself. */
function isOfRequests(name: string): boolean {
  return (
    /(?:duration|latency|response_time|request_time|elapsed)/.test(name) &&
    /http|request|response|route|handler|api/.test(name) &&
    !/^(?:nodejs|process|go|python|jvm)_/.test(name) &&
    !/(?:^|_)(?:client|outbound|upstream)(?:_|$)/.test(name)
  )
}

function hasQuantiles(text: string, name: string): boolean {
  return new RegExp(`^${name.replaceAll(/[^\w:]/g, '')}\\{[^}]*\\b(?:quantile|percentile)="`, 'm').test(text)
}

/** What k6 writes: its points, one JSON object a line (`--out json=…`), or the summary of a run (`--summary-export=…`). */
import { number, record } from './autocannon.ts'
import { occurred, type PrintedQuantile, type ToolReading, type ToolSample } from './tool-reading.ts'

/** An open executor starts iterations on time, but what it starts late is missing from http_req_duration all the same. */
const hides = 'a request that starts late, because all users are busy, is timed from its late start'

/** Enough for a long run; what lies beyond is counted. */
const MAX_SAMPLES = 2_000_000

export function readK6Points(text: string): ToolReading | undefined {
  const samples: ToolSample[] = []
  let users = 0
  let dropped = 0
  let beyond = 0
  let unreadable = 0
  let points = 0
  for (const line of linesOf(text)) {
    const point = parsedPoint(line)
    if (point === undefined) {
      if (line.trim() !== '') unreadable++
      continue
    }
    points++
    const { metric, value, atMs, tags } = point
    if (metric === 'vus') users = Math.max(users, value)
    else if (metric === 'dropped_iterations') dropped += value
    else if (metric === 'http_req_duration' && samples.length >= MAX_SAMPLES) beyond++
    else if (metric === 'http_req_duration') samples.push(sampleOf(value, atMs, tags))
  }
  if (points === 0 || (samples.length === 0 && unreadable > points)) return undefined
  return {
    tool: 'k6',
    requests: samples.length,
    errorsByKind: kindsOf(samples),
    ...(users > 0 ? { users } : {}),
    samples,
    printed: [],
    hides,
    notes: notesOf({ dropped, beyond, unreadable }),
  }
}

export function readK6Summary(text: string): ToolReading | undefined {
  let metrics: Readonly<Record<string, unknown>> | undefined
  try {
    metrics = record(record(JSON.parse(text))?.['metrics'])
  } catch {
    return undefined
  }
  // handleSummary puts the figures one level deeper than --summary-export.
  const of = (name: string) => {
    const metric = record(metrics?.[name])
    return record(metric?.['values']) ?? metric
  }
  const requests = number(of('http_reqs')?.['count'])
  if (requests === undefined) return undefined
  const rate = number(of('http_reqs')?.['rate'])
  const users = number(of('vus_max')?.['value'])
  const duration = of('http_req_duration') ?? {}
  // Of the rate `http_req_failed`, `passes` are the requests that failed.
  const failed = number(of('http_req_failed')?.['passes'])
  return {
    tool: 'k6',
    requests,
    errorsByKind: occurred({ 'http-not-expected': failed }),
    ...(rate !== undefined && rate > 0 ? { durationMs: (requests / rate) * 1_000 } : {}),
    ...(users === undefined ? {} : { users }),
    samples: [],
    printed: Object.entries(duration).flatMap(([name, value]): PrintedQuantile[] => {
      const percent = name === 'med' ? '50' : /^p\((\d+(?:\.\d+)?)\)$/.exec(name)?.[1]
      const ms = number(value)
      return percent === undefined || ms === undefined ? [] : [{ quantile: Number(percent) / 100, ms }]
    }),
    hides,
    notes: notesOf({ dropped: number(of('dropped_iterations')?.['count']) ?? 0, beyond: 0, unreadable: 0 }),
  }
}

interface Point {
  readonly metric: string
  readonly value: number
  readonly atMs: number
  readonly tags: Readonly<Record<string, unknown>>
}

function parsedPoint(line: string): Point | undefined {
  try {
    const point = record(JSON.parse(line))
    const data = record(point?.['data'])
    const [metric, type] = [point?.['metric'], point?.['type']]
    if (typeof metric !== 'string' || (type !== 'Point' && type !== 'Metric')) return undefined
    // The declaration of a metric: understood, and no measurement.
    if (type === 'Metric') return { metric: '', value: 0, atMs: 0, tags: {} }
    const value = number(data?.['value'])
    const atMs = Date.parse(String(data?.['time']))
    return value === undefined || Number.isNaN(atMs)
      ? undefined
      : { metric, value, atMs, tags: record(data?.['tags']) ?? {} }
  } catch {
    return undefined
  }
}

/** k6 stamps a request when it has ended. */
function sampleOf(durationMs: number, endedAtMs: number, tags: Readonly<Record<string, unknown>>): ToolSample {
  const text = (name: string): string => (typeof tags[name] === 'string' ? tags[name] : '')
  const status = Number(text('status')) || 0
  const error = text('error') || (text('error_code') ? `k6-${text('error_code')}` : '')
  return {
    atMs: endedAtMs - durationMs,
    durationMs,
    method: text('method').toUpperCase() || 'GET',
    target: text('url') || text('name'),
    status,
    ...(status === 0 ? { error: error === '' ? 'no-answer' : error.slice(0, 60) } : {}),
  }
}

export function kindsOf(samples: readonly ToolSample[]): Record<string, number> {
  const kinds: Record<string, number> = {}
  for (const { error, status } of samples) {
    const kind = error ?? (status >= 500 ? `http-${status}` : undefined)
    if (kind !== undefined) kinds[kind] = (kinds[kind] ?? 0) + 1
  }
  return kinds
}

function notesOf({ dropped, beyond, unreadable }: { dropped: number; beyond: number; unreadable: number }): string[] {
  return [
    ...(dropped > 0 ? [`k6 dropped ${dropped} iterations that it could not start: the service was spared them`] : []),
    ...(beyond > 0 ? [`${beyond} requests after the first ${MAX_SAMPLES} were not read`] : []),
    ...(unreadable > 0 ? [`${unreadable} lines of k6's output could not be read`] : []),
  ]
}

function* linesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at)
    const stop = end === -1 ? text.length : end
    yield text.slice(at, stop)
    at = stop + 1
  }
}

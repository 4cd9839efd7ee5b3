/** What autocannon prints with --json. Its latencies are not used: its correction of late starts counts requests that never were. */
import { closedModel, occurred, type PrintedQuantile, type ToolReading } from './tool-reading.ts'

export function readAutocannon(text: string): ToolReading | undefined {
  const result = lastJsonObject(text)
  const requests = record(result?.['requests'])
  const latency = record(result?.['latency'])
  if (
    result === undefined ||
    requests === undefined ||
    latency === undefined ||
    typeof result['connections'] !== 'number'
  )
    return undefined
  const answered = number(requests['total']) ?? 0
  const errors = number(result['errors']) ?? 0
  const timeouts = Math.min(errors, number(result['timeouts']) ?? 0)
  const seconds = number(result['duration'])
  const corrected = number(latency['totalCount'])
  return {
    tool: 'autocannon',
    requests: answered + errors,
    errorsByKind: occurred({ timeout: timeouts, connection: errors - timeouts, 'http-5xx': number(result['5xx']) }),
    ...(seconds === undefined ? {} : { durationMs: seconds * 1_000 }),
    users: result['connections'],
    samples: [],
    printed: quantilesOf(latency),
    hides: closedModel,
    notes:
      corrected !== undefined && corrected > answered * 1.05
        ? [
            `autocannon's latencies are not used: they count ${corrected} times for ${answered} requests, for its correction takes 1 ms as the time between two requests`,
          ]
        : [],
  }
}

function quantilesOf(latency: Readonly<Record<string, unknown>>): PrintedQuantile[] {
  return Object.entries(latency).flatMap(([name, value]) => {
    const percent = /^p(\d+)(?:_(\d+))?$/.exec(name)
    const ms = number(value)
    if (percent === null || ms === undefined) return []
    return [{ quantile: Number(`${percent[1]}.${percent[2] ?? 0}`) / 100, ms }]
  })
}

/** The tool may print other lines before it. */
function lastJsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  for (const line of text.split('\n').reverse()) {
    if (!line.trim().startsWith('{')) continue
    try {
      return record(JSON.parse(line))
    } catch {
      return undefined
    }
  }
  return undefined
}

export function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined
}

export function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

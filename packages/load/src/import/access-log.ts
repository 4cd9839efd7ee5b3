/** An access log in combined format or JSON lines, read into the requests that really happened, with their times. */
import { isOwnPath } from './route-pattern.ts'
import type { ImportProblem, RecordedRequest, Recording, SourceText } from './imported.ts'
import { counted, excerptOf, Problems, property, sendablePath } from './imported.ts'
import { timeOf } from './log-time.ts'

/** No bracket within brackets, no quote within quotes: that keeps the time linear in the length of a hostile line. */
const COMBINED = /^\S+ \S+ .*?\[([^\][]*)\] "((?:\\.|[^"\\])*)" (\d{3})(?: |$)/
const REQUEST = /^([A-Z]+) (\S+)(?: HTTP\/\d(?:\.\d)?)?$/
/** A longer line is no line of a log, and matching it would take its time. */
const MAX_LINE_CHARACTERS = 32_768
/** Enough for any mix; what lies behind is counted, not read. */
const MAX_REQUESTS = 1_000_000

interface Entry extends RecordedRequest {
  readonly status?: number
}

/** Requests answered with 4xx or 5xx are left out and counted: repeating failures measures nothing. */
export function readAccessLog({ file, text }: SourceText): Recording {
  const problems = new Problems(file)
  const requests: RecordedRequest[] = []
  let failed = 0
  let beyond = 0
  for (const { line, number } of linesOf(text)) {
    if (line.trim() === '') continue
    if (requests.length >= MAX_REQUESTS) {
      beyond++
      continue
    }
    const entry = line.length > MAX_LINE_CHARACTERS ? `a line of ${line.length} characters` : readLine(line)
    if (typeof entry === 'string') problems.add({ line: number, why: entry, text: excerptOf(line) })
    else {
      const { status, ...request } = entry
      if (status !== undefined && status >= 400) failed++
      else requests.push(request)
    }
  }
  const leftOut: ImportProblem[] = []
  if (failed > 0) leftOut.push({ file, why: `left out ${counted(failed, 'request')} answered with 4xx or 5xx` })
  if (beyond > 0)
    leftOut.push({ file, why: `left out ${counted(beyond, 'line')} after the first ${MAX_REQUESTS} requests` })
  return { file, requests, problems: problems.list('lines'), unreadable: problems.count, leftOut }
}

/** One line at a time: a log has more of them than one would keep. */
function* linesOf(text: string): Generator<{ readonly line: string; readonly number: number }> {
  let number = 0
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at)
    const stop = end === -1 ? text.length : end
    yield { line: text.slice(at, stop), number: ++number }
    at = stop + 1
  }
}

function readLine(line: string): Entry | string {
  return line.trimStart().startsWith('{') ? readJson(line) : readCombined(line)
}

function readCombined(line: string): Entry | string {
  const match = COMBINED.exec(line)
  if (match === null) return 'neither combined format nor JSON'
  const request = REQUEST.exec(match[2]!)
  const target = request === null ? undefined : targetOf(request[2]!)
  if (request === null || target === undefined) return `not an HTTP request: ${JSON.stringify(excerptOf(match[2]!))}`
  const atMs = timeOf(match[1])
  return {
    method: request[1]!,
    ...target,
    headers: {},
    status: Number(match[3]),
    ...(atMs === undefined ? {} : { atMs }),
  }
}

/** The names that nginx templates, pino-http, Caddy, Traefik, Envoy and Google Cloud give these fields. */
const METHOD_FIELDS = [
  'method',
  'request_method',
  'req.method',
  'request.method',
  'RequestMethod',
  'httpRequest.requestMethod',
  'http.request.method',
]
const PATH_FIELDS = [
  'url',
  'request_uri',
  'uri',
  'path',
  'req.url',
  'request.uri',
  'request.url',
  'RequestPath',
  'httpRequest.requestUrl',
  'url.path',
]
const STATUS_FIELDS = [
  'status',
  'statusCode',
  'status_code',
  'res.statusCode',
  'response.status',
  'DownstreamStatus',
  'httpRequest.status',
]
const TIME_FIELDS = [
  'time',
  'timestamp',
  '@timestamp',
  'ts',
  'StartUTC',
  'start_time',
  'time_iso8601',
  'time_local',
  'msec',
  'date',
  'receiveTimestamp',
]

function readJson(line: string): Entry | string {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'begins like JSON but is not'
  }
  const written = property(value, 'request')
  const whole = typeof written === 'string' ? REQUEST.exec(written) : null
  const method = whole?.[1] ?? field(value, METHOD_FIELDS)
  const target = whole?.[2] ?? field(value, PATH_FIELDS)
  if (typeof method !== 'string' || typeof target !== 'string') return 'JSON without a method and a path'
  if (!/^[a-z]+$/i.test(method)) return `not a method: ${JSON.stringify(excerptOf(method))}`
  const read = targetOf(target)
  if (read === undefined) return `not a path: ${JSON.stringify(excerptOf(target))}`
  const status = Number(field(value, STATUS_FIELDS))
  const atMs = timeOf(field(value, TIME_FIELDS))
  return {
    method: method.toUpperCase(),
    ...read,
    headers: {},
    ...(Number.isFinite(status) && status > 0 ? { status } : {}),
    ...(atMs === undefined ? {} : { atMs }),
  }
}

/** The first of these fields that is there, looked up whole and then step by step. */
function field(value: unknown, names: readonly string[]): unknown {
  for (const name of names) {
    const whole = property(value, name)
    if (whole !== undefined) return whole
    const nested = name.includes('.') ? name.split('.').reduce<unknown>(property, value) : undefined
    if (nested !== undefined) return nested
  }
  return undefined
}

function targetOf(target: string): { readonly path: string } | undefined {
  const url = !target.startsWith('/') && URL.canParse(target) ? new URL(target) : undefined
  const path = url?.protocol.startsWith('http') ? url.pathname + url.search : target
  return isOwnPath(path) ? { path: sendablePath(path) } : undefined
}

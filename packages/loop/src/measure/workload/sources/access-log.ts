/** An access log in combined format or JSON lines, read into the mix of requests that really happens. */
import { isOwnPath } from '../route-pattern.ts'
import type { InputProblem, ReadSource, SourceText } from '../workload-input.ts'
import { excerptOf } from '../workload-input.ts'
import type { SeenRequest } from './seen-requests.ts'
import { candidatesOfSeen } from './seen-requests.ts'

/** Problems kept one by one; a file of another kind would give one a line. */
const MAX_PROBLEMS = 20
const COMBINED = /^\S+ \S+ .*?\[[^\]]*\] "((?:\\.|[^"\\])*)" (\d{3})(?: |$)/
const REQUEST = /^([A-Z]+) (\S+)(?: HTTP\/\d(?:\.\d)?)?$/

export interface AccessLogOptions {
  readonly patterns: readonly string[]
  readonly random: () => number
  readonly keepPerRoute: number
}

/** Requests answered with 4xx or 5xx are left out and counted in one problem: repeating failures measures nothing. */
export function readAccessLog({ file, text }: SourceText, options: AccessLogOptions): ReadSource {
  const problems: InputProblem[] = []
  const seen: SeenRequest[] = []
  let unreadable = 0
  let failed = 0
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const entry = readLine(line)
    if (typeof entry === 'string') {
      if (++unreadable <= MAX_PROBLEMS) problems.push({ file, line: index + 1, why: entry, text: excerptOf(line) })
    } else if (entry.status !== undefined && entry.status >= 400) failed++
    else seen.push(entry)
  }
  if (unreadable > MAX_PROBLEMS)
    problems.push({ file, why: `${unreadable - MAX_PROBLEMS} more lines could not be read` })
  if (failed > 0) problems.push({ file, why: `${failed} requests answered with 4xx or 5xx were left out` })
  return { candidates: candidatesOfSeen(seen, { ...options, origin: 'access-log' }), problems }
}

function readLine(line: string): (SeenRequest & { readonly status?: number }) | string {
  return line.trimStart().startsWith('{') ? readJson(line) : readCombined(line)
}

function readCombined(line: string): (SeenRequest & { readonly status?: number }) | string {
  const match = COMBINED.exec(line)
  if (match === null) return 'neither combined format nor JSON'
  const request = REQUEST.exec(match[1]!)
  const path = request === null ? undefined : pathOf(request[2]!)
  if (request === null || path === undefined) return `not an HTTP request: ${JSON.stringify(excerptOf(match[1]!))}`
  return { method: request[1]!, path, headers: {}, status: Number(match[2]) }
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

function readJson(line: string): (SeenRequest & { readonly status?: number }) | string {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'begins like JSON but is not'
  }
  const whole = typeof field(value, ['request']) === 'string' ? REQUEST.exec(String(field(value, ['request']))) : null
  const method = whole?.[1] ?? field(value, METHOD_FIELDS)
  const target = whole?.[2] ?? field(value, PATH_FIELDS)
  if (typeof method !== 'string' || typeof target !== 'string') return 'JSON without a method and a path'
  const path = pathOf(target)
  if (path === undefined) return `not a path: ${JSON.stringify(excerptOf(target))}`
  const status = Number(field(value, STATUS_FIELDS))
  return {
    method: method.toUpperCase(),
    path,
    headers: {},
    ...(Number.isFinite(status) && status > 0 ? { status } : {}),
  }
}

/** The first of these fields that is there, looked up whole and then step by step. */
function field(value: unknown, names: readonly string[]): unknown {
  for (const name of names) {
    const whole = property(value, name)
    if (whole !== undefined) return whole
    const nested = name.includes('.') ? name.split('.').reduce(property, value) : undefined
    if (nested !== undefined) return nested
  }
  return undefined
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function pathOf(target: string): string | undefined {
  const url = !target.startsWith('/') && URL.canParse(target) ? new URL(target) : undefined
  const path = url?.protocol.startsWith('http') ? url.pathname + url.search : target
  return isOwnPath(path) ? path : undefined
}

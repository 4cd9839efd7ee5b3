/** Traces as OpenTelemetry's file exporters write them, read into the requests that a service answered, with their times. */
import type { ImportProblem, RecordedRequest, Recording } from '../imported.ts'
import { counted, excerptOf, Problems, sendablePath } from '../imported.ts'
import { isOwnPath, normalisePattern, parametersOf } from '../route-pattern.ts'
import { numberOf, textOf } from './attributes.ts'
import { decodeJson, decodeProtobuf, type OtlpSpan } from './decode.ts'

export interface SourceBytes {
  readonly file: string
  readonly bytes: Uint8Array
}

export interface OtlpOptions {
  /** `service.name` of the service under test; default the one that answered the most. */
  readonly service?: string
}

const MAX_REQUESTS = 1_000_000

/** One JSON export, one a line, one protobuf message, or several with their lengths before them. */
export function readOtlp({ file, bytes }: SourceBytes, options: OtlpOptions = {}): Recording {
  const problems = new Problems(file)
  const served: OtlpSpan[] = []
  let beyond = 0
  const add = (decode: (onBroken: () => void) => OtlpSpan[], place: Omit<ImportProblem, 'file' | 'why'>): void => {
    try {
      const spans = decode(() => problems.add({ ...place, why: 'a span without ids or times' }))
      for (const span of spans) {
        if (span.kind !== 'server' || textOf(span, 'method') === undefined) continue
        if (served.length >= MAX_REQUESTS) beyond++
        else served.push(span)
      }
    } catch (error) {
      problems.add({ ...place, why: `not an OTLP export: ${excerptOf((error as Error).message)}` })
    }
  }
  if (looksLikeJson(bytes)) {
    for (const { text, line } of exportsIn(new TextDecoder().decode(bytes)))
      add(onBroken => decodeJson(text, onBroken), { line, text: excerptOf(text) })
  } else for (const message of messagesIn(bytes)) add(onBroken => decodeProtobuf(message, onBroken), {})
  const { spans, leftOut } = ofOneService(served, options.service)
  const requests: RecordedRequest[] = []
  let failed = 0
  const pathless = new Map<string, number>()
  for (const span of spans) {
    if ((numberOf(span, 'statusCode') ?? 0) >= 400) failed++
    else {
      const request = requestOf(span)
      if (typeof request === 'string') pathless.set(request, (pathless.get(request) ?? 0) + 1)
      else requests.push(request)
    }
  }
  const counts: readonly (readonly [number, string])[] = [
    ...leftOut,
    [failed, 'answered with 4xx or 5xx'],
    [beyond, `after the first ${MAX_REQUESTS}`],
    ...[...pathless].map(([route, count]) => [count, `to ${route}: the span carries no path`] as const),
  ]
  return {
    file,
    requests,
    problems: problems.list('exports'),
    unreadable: problems.count,
    leftOut: counts
      .flatMap(([count, why]) => (count === 0 ? [] : [{ file, why: `left out ${counted(count, 'request')} ${why}` }]))
      .slice(0, 20),
  }
}

function looksLikeJson(bytes: Uint8Array): boolean {
  const first = bytes.find(byte => byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)
  // A protobuf export begins with field 1, whose first byte is a line feed; JSON with an opening brace.
  return first === 0x7b
}

/** The whole text where it is one object, else every line. */
function* exportsIn(text: string): Generator<{ readonly text: string; readonly line: number }> {
  const lines = text.split('\n')
  const filled = lines.filter(line => line.trim() !== '')
  const isOne =
    filled.length <= 1 || !filled.slice(0, 2).every(line => line.trim().endsWith('}') && line.trim().startsWith('{'))
  if (isOne) return yield { text, line: 1 }
  for (const [index, line] of lines.entries()) if (line.trim() !== '') yield { text: line, line: index + 1 }
}

/** The collector's file exporter puts the length of each message before it, four bytes, the highest first. */
function messagesIn(bytes: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  while (at + 4 <= bytes.length) {
    const length = view.getUint32(at)
    if (length === 0 || at + 4 + length > bytes.length) return [bytes]
    messages.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return at === bytes.length && messages.length > 0 ? messages : [bytes]
}

function ofOneService(
  spans: readonly OtlpSpan[],
  wanted: string | undefined,
): { readonly spans: readonly OtlpSpan[]; readonly leftOut: readonly (readonly [number, string])[] } {
  const counts = new Map<string, number>()
  for (const { service = 'unnamed' } of spans) counts.set(service, (counts.get(service) ?? 0) + 1)
  const chosen = wanted ?? [...counts].sort((a, b) => b[1] - a[1])[0]?.[0]
  const kept = spans.filter(({ service = 'unnamed' }) => service === chosen)
  const others = [...counts.keys()].filter(name => name !== chosen)
  return {
    spans: kept,
    leftOut: [[spans.length - kept.length, `to other services than ${chosen} (${others.slice(0, 5).join(', ')})`]],
  }
}

/** The route's name where the span says nothing of the path that was asked for. */
function requestOf(span: OtlpSpan): RecordedRequest | string {
  const method = textOf(span, 'method')!.toUpperCase()
  const route = textOf(span, 'route')
  const pattern = route === undefined ? undefined : normalisePattern(route.startsWith('/') ? route : `/${route}`)
  const path = pathOf(span) ?? (pattern !== undefined && parametersOf(pattern).length === 0 ? pattern : undefined)
  if (path === undefined || !isOwnPath(path) || !/^[A-Z]+$/.test(method))
    return excerptOf(`${method} ${route ?? span.name}`)
  return {
    method,
    path: sendablePath(path),
    headers: {},
    atMs: span.startMs,
    // A double keeps the end no better than to a quarter of a microsecond.
    durationMs: Math.round((span.endMs - span.startMs) * 1_000) / 1_000,
    ...(pattern === undefined ? {} : { pattern }),
  }
}

function pathOf(span: OtlpSpan): string | undefined {
  const url = textOf(span, 'url')
  if (url !== undefined && URL.canParse(url)) {
    const { pathname, search } = new URL(url)
    return pathname + search
  }
  const path = textOf(span, 'path')
  const query = textOf(span, 'query')
  if (path === undefined || path.length > 8_192) return undefined
  return query === undefined || path.includes('?') ? path : `${path}?${query.replace(/^\?/, '')}`
}

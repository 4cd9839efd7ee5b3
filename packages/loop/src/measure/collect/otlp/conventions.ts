/** What a span is about, whichever generation of OpenTelemetry's semantic conventions its library speaks. */
import type { Frame } from '@whetstone/model'
import { numberOf, type OtlpSpan, textOf } from '@whetstone/load/import'

/** Databases that are asked in SQL, under their old and new names. */
const sqlSystem = /sql|postgres|maria|oracle|sqlite|db2|cockroach|^h2$|hsqldb|derby|clickhouse|redshift|trino|firebird/i

export type SpanRole =
  | { readonly kind: 'server' }
  | { readonly kind: 'query'; readonly text: string }
  | { readonly kind: 'pool-wait' }
  | { readonly kind: 'connect' }
  | { readonly kind: 'outbound'; readonly host: string; readonly urlTemplate: string; readonly method: string }
  | { readonly kind: 'internal' }

export function roleOf(span: OtlpSpan): SpanRole {
  if (span.kind === 'server') return { kind: 'server' }
  // `pg-pool.connect` is the wait for a client (node-postgres), `getConnection` that of Java's pools.
  if (span.name.startsWith('pg-pool.connect') || /\bgetConnection$/.test(span.name)) return { kind: 'pool-wait' }
  if (span.name.startsWith('pg.connect')) return { kind: 'connect' }
  const system = textOf(span, 'databaseSystem')
  if (system !== undefined) {
    const text = textOf(span, 'statement')
    return text !== undefined && sqlSystem.test(system) ? { kind: 'query', text } : { kind: 'internal' }
  }
  const method = textOf(span, 'method')
  if (span.kind === 'client' && method !== undefined) {
    const url = textOf(span, 'url')
    const parsed = url !== undefined && URL.canParse(url) ? new URL(url) : undefined
    return {
      kind: 'outbound',
      method,
      host: parsed?.host ?? textOf(span, 'host') ?? 'unknown',
      urlTemplate: textOf(span, 'urlTemplate') ?? templateOf(parsed?.pathname ?? textOf(span, 'path') ?? '/'),
    }
  }
  return { kind: 'internal' }
}

/** `GET /orders/:id`; from the library where it names the route, else from the path with its ids replaced. */
export function routeOf(span: OtlpSpan, operationName: string | undefined): string {
  const method = (textOf(span, 'method') ?? span.name.split(' ')[0] ?? '').toUpperCase()
  const url = textOf(span, 'url')
  const path = textOf(span, 'path') ?? (url !== undefined && URL.canParse(url) ? new URL(url).pathname : undefined)
  const pattern = textOf(span, 'route') ?? (path === undefined ? undefined : templateOf(path))
  if (pattern === undefined) return span.name
  const slashed = pattern.startsWith('/') ? pattern : `/${pattern}`
  return operationName === undefined ? `${method} ${slashed}` : `${method} ${slashed} ${operationName}`
}

const idSegment =
  /^(?:\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16,}|(?=[^/]*\d)[A-Za-z0-9_-]{20,})$/i

/** Path without its query, with ids as `:id`, so that a thousand orders are one route. */
export function templateOf(path: string): string {
  const plain = path.split(/[?#]/, 1)[0]!
  return plain
    .split('/')
    .map(segment => (idSegment.test(segment) ? ':id' : segment))
    .join('/')
}

export function frameOf(span: OtlpSpan): Frame | undefined {
  const [file, line] = [textOf(span, 'file'), numberOf(span, 'line')]
  if (file === undefined || line === undefined || line < 1) return undefined
  const name = textOf(span, 'function')
  return { file, line, column: numberOf(span, 'column') ?? 1, ...(name === undefined ? {} : { function: name }) }
}

/** Parameters as the libraries give them when asked to; `undefined` when they are not known. */
export function parametersOf(span: OtlpSpan): string | undefined {
  const values = span.attributes.get('db.postgresql.values')
  if (values !== undefined) return JSON.stringify(values)
  const named = [...span.attributes].filter(([name]) => name.startsWith('db.query.parameter.'))
  return named.length > 0 ? JSON.stringify(named.toSorted(([a], [b]) => (a < b ? -1 : 1))) : undefined
}

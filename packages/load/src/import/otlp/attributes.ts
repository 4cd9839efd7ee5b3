/** Attributes of a span by what they mean, whichever generation of OpenTelemetry's semantic conventions its library speaks. */
import type { AttributeValue, OtlpSpan } from './decode.ts'

/** Old names behind new ones; the first that is present wins. */
const names = {
  method: ['http.request.method', 'http.method'],
  route: ['http.route'],
  path: ['url.path', 'http.target'],
  query: ['url.query'],
  url: ['url.full', 'http.url'],
  statusCode: ['http.response.status_code', 'http.status_code'],
  responseBytes: ['http.response.body.size', 'http.response_content_length'],
  urlTemplate: ['url.template'],
  host: ['server.address', 'net.peer.name', 'net.peer.ip', 'http.host'],
  databaseSystem: ['db.system.name', 'db.system'],
  statement: ['db.query.text', 'db.statement'],
  rows: ['db.response.returned_rows', 'db.sql.rows'],
  file: ['code.file.path', 'code.filepath'],
  line: ['code.line.number', 'code.lineno'],
  column: ['code.column.number', 'code.column'],
  function: ['code.function.name', 'code.function'],
  operationName: ['graphql.operation.name'],
} as const
type Fact = keyof typeof names

function read(span: OtlpSpan, fact: Fact): AttributeValue | undefined {
  for (const name of names[fact]) {
    const value = span.attributes.get(name)
    if (value !== undefined && value !== '') return value
  }
  return undefined
}

export function textOf(span: OtlpSpan, fact: Fact): string | undefined {
  const value = read(span, fact)
  return typeof value === 'string' ? value : undefined
}

export function numberOf(span: OtlpSpan, fact: Fact): number | undefined {
  const value = Number(read(span, fact))
  return Number.isFinite(value) ? value : undefined
}

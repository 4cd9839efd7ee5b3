/** One recorded request as a step of a scenario: headers that matter, its body in the form people edit, secrets taken out. */
import type { RecordedRequest } from '../imported.ts'
import { guessPattern, splitQuery } from '../route-pattern.ts'
import type { DraftBody, DraftRequest } from './draft.ts'
import { literal } from './draft.ts'
import type { Variables } from './variables.ts'

/** Made by the connection, or true of the recording only: they would be wrong when sent again. */
const LEFT_OUT =
  /^(host|content-length|connection|keep-alive|transfer-encoding|upgrade|te|trailer|expect|proxy-connection|if-none-match|if-modified-since|traceparent|tracestate|forwarded|x-forwarded-[\w-]+|x-real-ip|postman-token)$/
/** What a browser says about itself and the page: noise in a file that people edit. */
const OF_A_BROWSER =
  /^(sec-[\w-]+|dnt|user-agent|referer|upgrade-insecure-requests|priority|pragma|cache-control|accept-language)$/

export interface StepOptions {
  readonly variables: Variables
  readonly fromBrowser: boolean
}

export function requestStep(request: RecordedRequest, { variables, fromBrowser }: StepOptions): DraftRequest {
  const fill = filler(request.variables ?? [], variables)
  const [path, query] = splitQuery(request.path)
  const pattern = request.pattern ?? guessPattern(path)
  const body =
    request.body === undefined ? undefined : bodyOf(request.body, request.headers['content-type'] ?? '', variables)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (LEFT_OUT.test(name) || (fromBrowser && OF_A_BROWSER.test(name))) continue
    // The step says it by the kind of its body.
    if (name === 'content-type' && body !== undefined && value.split(';')[0]!.trim() === TYPE_OF[body.kind]) continue
    headers[name] = fill(variables.header(name, value.replace(/[\0\r\n]+/g, ' ')))
  }
  return {
    kind: 'request',
    method: request.method,
    path: fill(literal(path)) + fill(queryOf(query, variables)),
    ...(pattern === path ? {} : { name: `${request.method} ${pattern.replace(/\{\{\s*([^{}]+?)\s*\}\}/g, ':$1')}` }),
    headers,
    ...(body === undefined ? {} : { body: mapBody(body, fill) }),
    with: {},
  }
}

const TYPE_OF: Readonly<Record<DraftBody['kind'], string>> = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  text: '',
}

/** `{{name}}` of a collection, which {@link literal} has made `{{{name}}}`, becomes the variable of that name. */
function filler(names: readonly string[], variables: Variables): (text: string) => string {
  if (names.length === 0) return text => text
  return text =>
    text.replace(/\{(\{\{?\s*([^{}\s]+)\s*\}\}?)\}/g, (whole, _inner: string, name: string) =>
      names.includes(name) ? `{${variables.named(name)}}` : whole,
    )
}

/** Only the values of secrets are touched: everything else is sent byte for byte. */
function queryOf(query: string, variables: Variables): string {
  if (query === '') return ''
  const pairs = query
    .slice(1)
    .split('&')
    .map(pair => {
      const equals = pair.indexOf('=')
      if (equals === -1) return literal(pair)
      const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)]
      return `${literal(name)}=${variables.field(name, value)}`
    })
  return `?${pairs.join('&')}`
}

/** Above this a body is data, not something to edit in place. */
const MAX_EDITABLE_CHARACTERS = 20_000

export function bodyOf(body: string, contentType: string, variables: Variables): DraftBody {
  const json = body.length <= MAX_EDITABLE_CHARACTERS && /^$|json/i.test(contentType) ? editableJson(body) : undefined
  if (json !== undefined) return { kind: 'json', value: withoutSecrets(json.value, '', variables) }
  const isForm = /x-www-form-urlencoded/i.test(contentType) && body.length <= MAX_EDITABLE_CHARACTERS
  const fields = isForm ? editableForm(body) : undefined
  if (fields !== undefined) {
    const written = Object.entries(fields).map(([name, value]) => [name, variables.field(name, value)])
    return { kind: 'form', fields: Object.fromEntries(written) as Record<string, string> }
  }
  return { kind: 'text', text: variables.text(body) }
}

/** JSON that comes out the same when it is written again: no numbers beyond what a double holds, no keys twice. */
function editableJson(body: string): { readonly value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(body)
    const same = JSON.stringify(value) === withoutSpace(body)
    return same && !/"__proto__"/.test(body) && typeof value === 'object' ? { value } : undefined
  } catch {
    return undefined
  }
}

/** Without the white space between tokens. */
function withoutSpace(json: string): string {
  return json.replace(/("(?:\\.|[^"\\])*")|\s+/g, (_, text: string | undefined) => text ?? '')
}

function editableForm(body: string): Record<string, string> | undefined {
  const parameters = [...new URLSearchParams(body)]
  const fields = Object.fromEntries(parameters)
  const again = new URLSearchParams(parameters).toString()
  const same =
    again.replaceAll('+', '%20') === body.replaceAll('+', '%20') && Object.keys(fields).length === parameters.length
  return same && !('__proto__' in fields && Object.hasOwn(fields, '__proto__')) ? fields : undefined
}

function withoutSecrets(value: unknown, name: string, variables: Variables): unknown {
  if (typeof value === 'string') return variables.field(name, value)
  if (Array.isArray(value)) return value.map(item => withoutSecrets(item, name, variables))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutSecrets(item, key, variables)]))
}

function mapBody(body: DraftBody, fill: (text: string) => string): DraftBody {
  if (body.kind === 'text') return { kind: 'text', text: fill(body.text) }
  if (body.kind === 'form')
    return {
      kind: 'form',
      fields: Object.fromEntries(Object.entries(body.fields).map(([name, text]) => [name, fill(text)])),
    }
  const deep = (value: unknown): unknown => {
    if (typeof value === 'string') return fill(value)
    if (Array.isArray(value)) return value.map(deep)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, deep(item)]))
  }
  return { kind: 'json', value: deep(body.value) }
}

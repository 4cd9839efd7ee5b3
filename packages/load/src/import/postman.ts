/** A Postman collection (v2.0 or v2.1), read into its requests in their folders, with its variables and credentials in place. */
import type { RecordedRequest, Recording, SourceText } from './imported.ts'
import { escapedForUrl, excerptOf, listOf, Problems, property, textOr, unreadable } from './imported.ts'
import { authorizationOf, filled, namesIn, type Scope, scopeInside } from './postman-scope.ts'
import { isOwnPath } from './route-pattern.ts'

/** Folders within folders deeper than this are no collection of anybody's. */
const MAX_DEPTH = 30
const MAX_REQUESTS = 10_000

export function readPostman({ file, text }: SourceText): Recording {
  let collection: unknown
  try {
    const parsed: unknown = JSON.parse(text)
    // The API of Postman wraps it in one more object.
    collection = property(parsed, 'item') === undefined ? property(parsed, 'collection') : parsed
  } catch (error) {
    return unreadable(file, `not JSON: ${(error as Error).message}`)
  }
  if (!Array.isArray(property(collection, 'item')))
    return unreadable(file, 'not a Postman collection (v2): there is no list `item`')
  const problems = new Problems(file)
  const requests: RecordedRequest[] = []
  const walk = (folder: unknown, place: Place, around: Scope): void => {
    const scope = scopeInside(around, folder)
    for (const [index, item] of listOf(property(folder, 'item')).entries()) {
      const pointer = `${place.pointer}/item/${index}`
      const name = textOr(property(item, 'name'), '').slice(0, 200)
      if (Array.isArray(property(item, 'item'))) {
        const group = place.group === undefined ? name : `${place.group} / ${name}`
        if (place.depth >= MAX_DEPTH) problems.add({ pointer, why: `folders more than ${MAX_DEPTH} deep` })
        else walk(item, { pointer, group, depth: place.depth + 1 }, scope)
      } else if (requests.length >= MAX_REQUESTS)
        problems.add({ pointer, why: `beyond the first ${MAX_REQUESTS} requests` })
      else {
        const read = readRequest(property(item, 'request'), scopeInside(scope, item))
        if (typeof read === 'string') problems.add({ pointer, why: read, text: excerptOf(name) })
        else
          requests.push({ ...read, ...(name === '' ? {} : { name }), ...(place.group ? { group: place.group } : {}) })
      }
    }
  }
  walk(collection, { pointer: '', depth: 0 }, { variables: new Map(), auth: undefined })
  return { file, requests, problems: problems.list(), unreadable: problems.count, leftOut: [] }
}

interface Place {
  readonly pointer: string
  readonly group?: string
  readonly depth: number
}

function readRequest(request: unknown, scope: Scope): RecordedRequest | string {
  // A text is a GET of that URL.
  const written = typeof request === 'string' ? request : rawUrl(property(request, 'url'))
  if (written === '') return 'no request with a URL'
  const method = typeof request === 'string' ? 'GET' : textOr(property(request, 'method'), 'GET').toUpperCase()
  if (!/^[A-Z]+$/.test(method)) return `not a method: ${excerptOf(method)}`
  const url = readUrl(written, property(request, 'url'), scope)
  if ('why' in url) return url.why
  const body = readBody(property(request, 'body'), scope)
  if (body !== undefined && 'why' in body) return body.why
  const authorization = authorizationOf(scope)
  if (authorization.kind === 'unknown') return authorization.why
  const headers: Record<string, string> = {
    ...(body === undefined ? {} : { 'content-type': body.contentType }),
    ...(authorization.kind === 'header' ? { [authorization.name.toLowerCase()]: authorization.value } : {}),
    ...headersOf(property(request, 'header'), scope),
  }
  const key =
    authorization.kind === 'query'
      ? `${url.path.includes('?') ? '&' : '?'}${escaped(authorization.name)}=${escaped(authorization.value)}`
      : ''
  const path = url.path + key
  const variables = namesIn([path, ...Object.values(headers), body?.text ?? ''])
  return {
    method,
    path,
    headers,
    ...(body === undefined ? {} : { body: body.text }),
    ...(url.origin === undefined ? {} : { origin: url.origin }),
    ...(variables.length === 0 ? {} : { variables }),
  }
}

/** As it was typed, or put together from its parts, where a tool that made the collection left it out. */
function rawUrl(url: unknown): string {
  if (typeof url === 'string') return url
  const raw = property(url, 'raw')
  if (typeof raw === 'string' && raw !== '') return raw
  const joined = (name: string, by: string): string => {
    const value = property(url, name)
    return typeof value === 'string'
      ? value
      : listOf(value)
          .map(step => textOr(step, ''))
          .join(by)
  }
  const host = joined('host', '.')
  return host === '' ? '' : `${textOr(property(url, 'protocol'), 'http')}://${host}/${joined('path', '/')}`
}

/** `:id` segments are variables of the URL's own; names without a value stay in the path. */
function readUrl(
  written: string,
  url: unknown,
  scope: Scope,
): { readonly path: string; readonly origin?: string } | { readonly why: string } {
  const own = scopeInside(scope, url)
  const whole = filled(written, own)
  const base = /^\{\{[^{}]+\}\}/.exec(whole)?.[0]
  const absolute = base
    ? `http://unknown.invalid${whole.slice(base.length)}`
    : /^[a-z][a-z0-9+.-]*:\/\//i.test(whole)
      ? whole
      : `http://${whole}`
  // The parser of URLs escapes braces: they are hidden from it and put back.
  const names = namesIn([absolute])
  const hidden = names.reduce((text, name, index) => text.replaceAll(nameOf(name), `--${index}--`), absolute)
  if (!URL.canParse(hidden)) return { why: `not a URL: ${excerptOf(written)}` }
  const { origin, pathname, search, protocol } = new URL(hidden)
  if (protocol !== 'http:' && protocol !== 'https:') return { why: `not http: ${excerptOf(written)}` }
  const steps = pathname.split('/').map(step => {
    const name = /^:([\w-]+)$/.exec(step)?.[1]
    return name === undefined ? step : escaped(own.variables.get(name) ?? `{{${name}}}`)
  })
  const path = names.reduce(
    (text, name, index) => text.replaceAll(`--${index}--`, `{{${name}}}`),
    steps.join('/') + search,
  )
  if (!isOwnPath(path)) return { why: `not a path of the service: ${excerptOf(path)}` }
  const known = !base && !/--\d+--/.test(origin)
  return { path, ...(known ? { origin } : {}) }
}

const nameOf = (name: string): RegExp =>
  new RegExp(`\\{\\{\\s*${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*\\}\\}`, 'g')

function headersOf(header: unknown, scope: Scope): Record<string, string> {
  const read: Record<string, string> = {}
  for (const one of listOf(header)) {
    const name = filled(textOr(property(one, 'key'), ''), scope).toLowerCase()
    const value = filled(textOr(property(one, 'value'), ''), scope)
    if (property(one, 'disabled') !== true && /^[\w!#$%&'*+.^`|~-]+$/.test(name) && name !== '__proto__')
      read[name] = value.replace(/[\r\n]+/g, ' ')
  }
  return read
}

const LANGUAGES: Readonly<Record<string, string>> = {
  json: 'application/json',
  xml: 'application/xml',
  html: 'text/html',
  javascript: 'application/javascript',
}

function readBody(
  body: unknown,
  scope: Scope,
): { readonly text: string; readonly contentType: string } | { readonly why: string } | undefined {
  const mode = property(body, 'mode')
  if (typeof mode !== 'string' || property(body, 'disabled') === true) return undefined
  if (mode === 'raw') {
    const text = filled(textOr(property(body, 'raw'), ''), scope)
    const language = textOr(property(property(property(body, 'options'), 'raw'), 'language'), '')
    const contentType = Object.hasOwn(LANGUAGES, language)
      ? LANGUAGES[language]!
      : looksLikeJson(text)
        ? 'application/json'
        : 'text/plain'
    return text === '' ? undefined : { text, contentType }
  }
  if (mode === 'urlencoded') {
    const pairs = listOf(property(body, 'urlencoded')).filter(one => property(one, 'disabled') !== true)
    const text = pairs
      .map(
        one =>
          `${escaped(textOr(property(one, 'key'), ''))}=${escaped(filled(textOr(property(one, 'value'), ''), scope))}`,
      )
      .join('&')
    return text === '' ? undefined : { text, contentType: 'application/x-www-form-urlencoded' }
  }
  if (mode === 'graphql') {
    const query = filled(textOr(property(property(body, 'graphql'), 'query'), ''), scope)
    const variables = filled(textOr(property(property(body, 'graphql'), 'variables'), ''), scope)
    return { text: JSON.stringify({ query, ...parsedVariables(variables) }), contentType: 'application/json' }
  }
  return { why: `a body of the kind ${excerptOf(mode)} is not read` }
}

function looksLikeJson(text: string): boolean {
  return /^\s*[[{"]/.test(text)
}

function parsedVariables(text: string): { readonly variables?: unknown } {
  try {
    return text.trim() === '' ? {} : { variables: JSON.parse(text) as unknown }
  } catch {
    return {}
  }
}

/** For a URL or a form; names that are filled later stay names. */
function escaped(text: string): string {
  return text
    .split(/(\{\{[^{}]+\}\})/)
    .map((part, index) => (index % 2 === 1 ? part : escapedForUrl(part)))
    .join('')
}

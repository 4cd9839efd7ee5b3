/** Which requests may get the same answer: all that decides is in the key, and whatever could smuggle something past it keeps a request out. */
import { header, type Headers } from './headers.ts'

export interface Asked {
  readonly method: string
  /** Path and query as they came. */
  readonly url: string
  readonly scheme: 'http' | 'https'
  readonly headers: Headers
}

/** Names of a person. An answer to a request with one of these is that person's until somebody says otherwise. */
const credentials = ['authorization', 'cookie', 'proxy-authorization', 'x-api-key', 'x-auth-token', 'x-access-token', 'x-session-id', 'x-amz-security-token'] // prettier-ignore

/** Frameworks and proxies answer another question than the URL asks when these are present. */
const otherQuestion = ['x-http-method-override', 'x-http-method', 'x-method-override', 'x-original-url', 'x-rewrite-url', 'upgrade', 'range', 'if-range', 'if-match', 'if-unmodified-since', 'expect'] // prettier-ignore

/** What a handler may build links and redirects of without a word in `Vary`. Whoever sends one gets answers of requests with the same. */
const forwarded = ['x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-forwarded-prefix', 'x-forwarded-server', 'x-forwarded-scheme', 'x-forwarded-ssl', 'x-original-host', 'x-host', 'forwarded', 'front-end-https', 'x-url-scheme', ':scheme'] // prettier-ignore

/** @param more as for `hasCredentials` */
export function credentialNames(more: readonly string[] = []): readonly string[] {
  return [...credentials, ...more]
}

/** @param more headers of this service that say who asks, lower case */
export function hasCredentials(headers: Headers, more: readonly string[] = []): boolean {
  return credentials.some(name => headers[name] !== undefined) || more.some(name => headers[name] !== undefined)
}

/** Undefined where the cache may not be asked; a word for `Cache-Status` why. */
export function bypassOf({ method, headers }: Asked, more: readonly string[]): string | undefined {
  if (method !== 'GET' && method !== 'HEAD') return 'method'
  if (hasCredentials(headers, more)) return 'credentials'
  // A body of a GET is no part of the key, and some handlers read it.
  const body = Number(header(headers, 'content-length') ?? 0) !== 0 || headers['transfer-encoding'] !== undefined
  return body || otherQuestion.some(name => headers[name] !== undefined) ? 'request' : undefined
}

/** Beyond it parsers begin to leave parameters out, by their order. */
const mostSorted = 100

/** RFC 9111 §2: the target URI, with everything unspoken that often changes the answer. GET and HEAD share it (§4). */
export function primaryKey({ url, scheme, headers }: Asked): string {
  const unspoken = forwarded.flatMap(name => {
    const value = header(headers, name)
    return value === undefined ? [] : [[name, value]]
  })
  return JSON.stringify([scheme, (header(headers, 'host') ?? '').toLowerCase(), sortedQuery(url), ...unspoken])
}

/** The path stays as it is, byte for byte: what two spellings mean is the router's business. */
function sortedQuery(url: string): string {
  const at = url.indexOf('?')
  if (at < 0) return url
  const parameters = url.slice(at + 1).split('&')
  if (parameters.length > mostSorted) return url
  const named = parameters.map(parameter => ({ parameter, name: rootName(parameter) }))
  if (named.some(({ name }) => name === undefined)) return url
  // Stable: parameters of one name keep their order, which decides who wins.
  named.sort((a, b) => (a.name! < b.name! ? -1 : a.name! > b.name! ? 1 : 0))
  return `${url.slice(0, at)}?${named.map(({ parameter }) => parameter).join('&')}`
}

/** `%61[0]`, `a[b]`, `a.c` and `a` may all land in one value of the handler's. Undefined where parsers differ in what they make of it. */
function rootName(parameter: string): string | undefined {
  const raw = parameter.split('=', 1)[0]!.replaceAll('+', ' ')
  try {
    return /^[^[.]+/.exec(decodeURIComponent(raw))?.[0]
  } catch {
    return undefined
  }
}

/** RFC 9111 §4.1: what the headers named by `Vary` said. */
export function variantKey(primary: string, generation: number, vary: readonly string[], headers: Headers): string {
  return JSON.stringify([primary, generation, ...vary.map(name => normalised(name, header(headers, name)))])
}

function normalised(name: string, value: string | undefined): string | null {
  if (value === undefined) return null
  return name === 'accept-encoding' ? codings(value) : value.trim()
}

/** Browsers write the same few in many ways; the order says nothing, a quality of 0 everything. */
function codings(value: string): string {
  const offered = value
    .toLowerCase()
    .split(',')
    .map(item => item.replaceAll(/\s/g, ''))
    .filter(item => item !== '')
  return [...new Set(offered)].toSorted().join(',')
}

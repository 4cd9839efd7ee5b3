/** A HAR recorded by a browser or proxy, read into the requests it holds. */
import { isOwnPath } from './route-pattern.ts'
import type { RecordedRequest, Recording, SourceText } from './imported.ts'
import { excerptOf, listOf, Problems, property, textOr, unreadable } from './imported.ts'

/** What Chromium and Firefox say a page loads for itself, and what its answer is where they say nothing. */
const ASSET_TYPE = /^(image|stylesheet|script|font|media|manifest|texttrack|ping|preflight)$/
const ASSET_CONTENT = /^(image|font|audio|video)\/|^text\/css|javascript|font-woff|wasm/

export function readHar({ file, text }: SourceText): Recording {
  const entries = entriesOf(text)
  if (typeof entries === 'string') return unreadable(file, entries)
  const problems = new Problems(file)
  const requests: RecordedRequest[] = []
  const given = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    const request = readEntry(entry)
    if (typeof request === 'string')
      problems.add({
        pointer: `/log/entries/${index}`,
        why: request,
        text: excerptOf(JSON.stringify(entry) ?? ''),
      })
    else requests.push(withoutGivenCookies(request, given))
    for (const name of cookiesGivenBy(entry)) given.add(name)
  }
  return { file, requests, problems: problems.list(), unreadable: problems.count, leftOut: [] }
}

function entriesOf(text: string): readonly unknown[] | string {
  try {
    const entries = property(property(JSON.parse(text), 'log'), 'entries')
    return Array.isArray(entries) ? entries : 'not a HAR: there is no log.entries'
  } catch (error) {
    return `not JSON: ${(error as Error).message}`
  }
}

function readEntry(entry: unknown): RecordedRequest | string {
  const request = property(entry, 'request')
  const method = property(request, 'method')
  const url = property(request, 'url')
  if (typeof method !== 'string' || typeof url !== 'string') return 'no request with method and url'
  if (!URL.canParse(url)) return `not a URL: ${excerptOf(url)}`
  const { origin, pathname, search, protocol } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') return `not http: ${excerptOf(url)}`
  if (!isOwnPath(pathname)) return `not a path of the service: ${excerptOf(pathname)}`
  const body = bodyOf(property(request, 'postData'))
  const atMs = Date.parse(textOr(property(entry, 'startedDateTime'), ''))
  const durationMs = property(entry, 'time')
  const page = property(entry, 'pageref')
  return {
    method: method.toUpperCase(),
    path: pathname + search,
    headers: headersOf(property(request, 'headers')),
    origin,
    ...(body === undefined || body === '' ? {} : { body }),
    ...(Number.isFinite(atMs) ? { atMs } : {}),
    ...(typeof durationMs === 'number' && durationMs >= 0 ? { durationMs } : {}),
    ...(typeof page === 'string' ? { group: page } : {}),
    ...(isAsset(entry) ? { asset: true } : {}),
  }
}

/** The text, or the parameters of a form where that is all the recorder kept. */
function bodyOf(postData: unknown): string | undefined {
  const text = property(postData, 'text')
  if (typeof text === 'string' && text !== '') return text
  const parameters = listOf(property(postData, 'params')).flatMap((parameter): [string, string][] => {
    const name = property(parameter, 'name')
    return typeof name === 'string' ? [[name, textOr(property(parameter, 'value'), '')]] : []
  })
  return parameters.length === 0 ? undefined : new URLSearchParams(parameters).toString()
}

function headersOf(headers: unknown): Record<string, string> {
  const read: Record<string, string> = {}
  for (const header of listOf(headers)) {
    const name = textOr(property(header, 'name'), '').toLowerCase()
    const value = property(header, 'value')
    // Those that begin with a colon are HTTP/2's way to write the request line.
    if (/^[\w!#$%&'*+.^`|~-]+$/.test(name) && name !== '__proto__' && typeof value === 'string') read[name] = value
  }
  return read
}

/** Cookies that answers of the same recording gave come by themselves when it is sent again, and are new ones then. */
function withoutGivenCookies(request: RecordedRequest, given: ReadonlySet<string>): RecordedRequest {
  const { cookie, ...headers } = request.headers
  const names = cookie?.split(';').map(pair => pair.split('=')[0]!.trim())
  return names !== undefined && names.every(name => given.has(name)) ? { ...request, headers } : request
}

/** A recorder writes several of one answer as several headers or as lines of one. */
function cookiesGivenBy(entry: unknown): string[] {
  return listOf(property(property(entry, 'response'), 'headers'))
    .filter(header => textOr(property(header, 'name'), '').toLowerCase() === 'set-cookie')
    .flatMap(header => textOr(property(header, 'value'), '').split('\n'))
    .map(cookie => cookie.split('=')[0]!.trim())
}

function isAsset(entry: unknown): boolean {
  const type = property(entry, '_resourceType')
  if (typeof type === 'string') return ASSET_TYPE.test(type)
  return ASSET_CONTENT.test(
    textOr(property(property(property(entry, 'response'), 'content'), 'mimeType'), '').toLowerCase(),
  )
}

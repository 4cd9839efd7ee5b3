/** A HAR recorded by a browser or proxy, read into the requests it holds for one host. */
import { isOwnPath } from '../route-pattern.ts'
import type { InputProblem, ReadSource, SourceText } from '../workload-input.ts'
import { excerptOf } from '../workload-input.ts'
import type { SeenOptions, SeenRequest } from './seen-requests.ts'
import { candidatesOfSeen } from './seen-requests.ts'

export interface HarOptions extends Omit<SeenOptions, 'origin'> {
  /** Host and port of the service under test, preferred when the recording holds several. */
  readonly targetHost?: string
}

/** Sent again; cookies and credentials of the recording are not, they belong to somebody's session (use --header or --login). */
const KEPT_HEADER = /^(accept|accept-language|content-type|x-(?!csrf|xsrf|auth|api-?key|forwarded|real-ip)[\w-]+)$/

export function readHar({ file, text }: SourceText, options: HarOptions): ReadSource {
  const entries = entriesOf(text)
  if (typeof entries === 'string') return { candidates: [], problems: [{ file, why: entries }] }
  const problems: InputProblem[] = []
  const seen: { readonly host: string; readonly request: SeenRequest }[] = []
  for (const [index, entry] of entries.entries()) {
    const request = readEntry(entry)
    if (typeof request === 'string')
      problems.push({ file, why: `entry ${index + 1}: ${request}`, text: excerptOf(JSON.stringify(entry) ?? '') })
    else seen.push(request)
  }
  const host = chooseHost(
    seen.map(one => one.host),
    options.targetHost,
  )
  const others = seen.filter(one => one.host !== host)
  if (others.length > 0) {
    const names = [...new Set(others.map(one => one.host))].slice(0, 5).join(', ')
    problems.push({ file, why: `${others.length} requests to other hosts than ${host} were left out (${names})` })
  }
  const kept = seen.filter(one => one.host === host).map(one => one.request)
  return { candidates: candidatesOfSeen(kept, { ...options, origin: 'har' }), problems }
}

function entriesOf(text: string): readonly unknown[] | string {
  try {
    const entries = property(property(JSON.parse(text), 'log'), 'entries')
    return Array.isArray(entries) ? entries : 'not a HAR: there is no log.entries'
  } catch (error) {
    return `not JSON: ${(error as Error).message}`
  }
}

function readEntry(entry: unknown): { readonly host: string; readonly request: SeenRequest } | string {
  const request = property(entry, 'request')
  const method = property(request, 'method')
  const url = property(request, 'url')
  if (typeof method !== 'string' || typeof url !== 'string') return 'no request with method and url'
  if (!URL.canParse(url)) return `not a URL: ${excerptOf(url)}`
  const { host, pathname, search, protocol } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') return `not http: ${excerptOf(url)}`
  if (!isOwnPath(pathname)) return `not a path of the service: ${excerptOf(pathname)}`
  const body = property(property(request, 'postData'), 'text')
  return {
    host,
    request: {
      method: method.toUpperCase(),
      path: pathname + search,
      headers: keptHeaders(property(request, 'headers')),
      ...(typeof body === 'string' && body !== '' ? { body } : {}),
    },
  }
}

function keptHeaders(headers: unknown): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const header of Array.isArray(headers) ? headers : []) {
    const name = String(property(header, 'name')).toLowerCase()
    const value = property(header, 'value')
    if (KEPT_HEADER.test(name) && typeof value === 'string') kept[name] = value
  }
  return kept
}

function chooseHost(hosts: readonly string[], target: string | undefined): string | undefined {
  if (target !== undefined && hosts.includes(target)) return target
  const counts = new Map<string, number>()
  for (const host of hosts) counts.set(host, (counts.get(host) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0]
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

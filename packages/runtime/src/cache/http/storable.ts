/** Whether an answer may be kept for others, and for how long: RFC 9111 as a shared cache, and stricter wherever a person could be meant. */
import { type Directives, directivesOf, secondsIn } from './directives.ts'
import { header, type Headers, listed } from './headers.ts'
import { instantOf } from './not-modified.ts'

export interface Lifetime {
  readonly freshMs: number
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  /** Names whose values in the request decide whether it gets this answer; lower case, sorted. */
  readonly vary: readonly string[]
}

export type Storable =
  { readonly kind: 'storable'; readonly lifetime: Lifetime } | { readonly kind: 'not'; readonly why: string }

/** Final and whole, and no failure: RFC 9110 §15.1 without 206, and without what tends to be passing. */
const keptStatuses: ReadonlySet<number> = new Set([200, 203, 301, 308, 404, 410])

/** A variant for each of them would be one for each person. */
const personal: ReadonlySet<string> = new Set(['*', 'cookie', 'authorization', 'proxy-authorization'])

export function storability(
  status: number,
  answer: Headers,
  nowMs: number,
  credentialHeaders: readonly string[],
): Storable {
  if (!keptStatuses.has(status)) return not('status')
  if (answer['set-cookie'] !== undefined) return not('set-cookie')
  if (answer['content-range'] !== undefined || answer['www-authenticate'] !== undefined) return not('answer')
  const control = directivesOf(header(answer, 'cache-control'))
  // Also with field names (§5.2.2.7): an answer is kept whole or not at all.
  for (const forbidden of ['no-store', 'private', 'no-cache']) if (control.has(forbidden)) return not(forbidden)
  const vary = new Set(listed(header(answer, 'vary')))
  if ([...vary].some(name => personal.has(name) || credentialHeaders.includes(name))) return not('vary')
  if (answer['content-encoding'] !== undefined) vary.add('accept-encoding')
  if ((header(answer, 'access-control-allow-origin') ?? '*') !== '*') vary.add('origin')
  const seconds = freshSeconds(control, answer, nowMs)
  if (!(seconds > 0)) return not('no lifetime')
  return {
    kind: 'storable',
    lifetime: { freshMs: seconds * 1_000, ...staleTimes(control), vary: [...vary].toSorted() },
  }
}

const not = (why: string): Storable => ({ kind: 'not', why })

/** RFC 9111 §4.2.1 less the age it came with (§4.2.3). No guess where nothing is said (§4.2.2): here that is an oversight. */
function freshSeconds(control: Directives, answer: Headers, nowMs: number): number {
  const ageSeconds = Number(header(answer, 'age') ?? 0)
  const said = secondsIn(control, 's-maxage') ?? secondsIn(control, 'max-age')
  if (said !== undefined) return said - (Number.isNaN(ageSeconds) ? 0 : ageSeconds)
  const expires = instantOf(header(answer, 'expires'))
  return expires === undefined ? 0 : Math.floor((expires - (instantOf(header(answer, 'date')) ?? nowMs)) / 1_000)
}

/** `must-revalidate` forbids both (§5.2.2.2). `s-maxage` alone implies that too (§5.2.2.10), but whoever writes a time to it means the time. */
function staleTimes(control: Directives): Pick<Lifetime, 'staleWhileRevalidateMs' | 'staleIfErrorMs'> {
  if (control.has('must-revalidate') || control.has('proxy-revalidate'))
    return { staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }
  return {
    staleWhileRevalidateMs: (secondsIn(control, 'stale-while-revalidate') ?? 0) * 1_000,
    staleIfErrorMs: (secondsIn(control, 'stale-if-error') ?? 0) * 1_000,
  }
}

/**
 * `Cache-Control` for an answer that may be one person's, so that no cache on the way keeps it for others; undefined where it is right
 * already. A handler that says `public` of an authorised answer means it (RFC 9111 §3.5), of an answer that sets a cookie it cannot.
 */
export function personalControl(answer: Headers, credentialed: boolean): string | undefined {
  const setsCookie = answer['set-cookie'] !== undefined
  if (!credentialed && !setsCookie) return undefined
  const said = header(answer, 'cache-control')
  if (said === undefined) return 'private, no-cache'
  const control = directivesOf(said)
  if (control.has('private') || control.has('no-store')) return undefined
  const shared = control.has('public') || control.has('s-maxage')
  if (!shared) return `private, ${said}`
  return setsCookie ? 'private, no-cache' : undefined
}

/** Belong to one connection (RFC 9110 §7.6.1), or to the one request that happened to fill the cache. */
const ownOfTheRequest = /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|set-cookie|age|cache-status|server-timing|x-request-id|request-id|x-correlation-id|x-response-time|x-runtime|traceparent|tracestate|x-ratelimit-.*|x-rate-limit-.*|ratelimit.*|retry-after)$/ // prettier-ignore

/** What of an answer is kept with it. */
export function keptHeaders(answer: Headers): Headers {
  const named = new Set(listed(header(answer, 'connection')))
  return Object.fromEntries(Object.entries(answer).filter(([name, value]) => value !== undefined && !ownOfTheRequest.test(name) && !named.has(name))) // prettier-ignore
}

/** What every adapter takes, and what of it is decided the same way in all of them. */
import { bodyTag } from './entity-tag.ts'
import { header, type Headers } from './headers.ts'
import { hasCredentials } from './request-key.ts'
import { ageSeconds, type ResponseCache, type Served, type Step } from './response-cache.ts'
import { personalControl } from './storable.ts'

export interface HttpCacheOptions {
  /** Keeps whole answers in the service. Without it there are only validators and headers, and clients and CDNs do the keeping. */
  readonly cache?: ResponseCache
  /** Of bodies that carry none yet. `strong` only where nothing after it compresses. Default `weak`; false leaves it to the handlers. */
  readonly etag?: 'weak' | 'strong' | false
  /** Larger bodies are not hashed: what that costs is paid by every request, what it saves only where somebody held the same. Default 1 MiB. */
  readonly maxTaggedBytes?: number
  /** `Cache-Control` of GET answers with a status of 200 that say nothing themselves and are nobody's. Default: none. */
  readonly cacheControl?: string
  /**
   * These routes are for nobody in particular: `Cookie`, `Authorization` and their like are taken from the request before the handler sees it,
   * so that no answer can be a person's. Must then stand before whatever reads cookies. Default false: such requests pass by the cache.
   */
  readonly anonymous?: boolean
}

export interface AskedOf {
  readonly method: string
  readonly headers: Headers
}

/** What the answer must say of its keeping, seen what the handler said. */
export function controlFor(
  options: HttpCacheOptions,
  asked: AskedOf,
  status: number,
  answer: Headers,
): string | undefined {
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return undefined
  if (status !== 200 && status !== 304)
    return answer['set-cookie'] === undefined ? undefined : personalControl(answer, false)
  const credentialed = hasCredentials(asked.headers, options.cache?.credentialHeaders)
  const personal = personalControl(answer, credentialed)
  if (personal !== undefined || answer['cache-control'] !== undefined || credentialed) return personal
  return options.cacheControl
}

/** For a complete body that has no validator of the handler's. */
export function tagFor(
  options: HttpCacheOptions,
  method: string,
  status: number,
  answer: Headers,
  body: Uint8Array,
): string | undefined {
  const { etag = 'weak', maxTaggedBytes = 1_048_576 } = options
  if (etag === false || method !== 'GET' || status !== 200 || answer['etag'] !== undefined) return undefined
  if (body.length === 0 || body.length > maxTaggedBytes) return undefined
  return /\bno-store\b/i.test(header(answer, 'cache-control') ?? '') ? undefined : bodyTag(body, etag)
}

/** RFC 9211. */
export function forwardedStatus(why: string): string {
  const known = why === 'miss' || why === 'stale' || why === 'method' || why === 'request'
  return known ? `whetstone; fwd=${why}` : `whetstone; fwd=bypass; detail=${why}`
}

/** Of an answer from the cache: as it was kept, with its age. */
export function servedHeaders(
  { answer: kept, collapsed }: Served,
  nowMs: number,
): Record<string, string | number | readonly string[]> {
  const ttl = Math.ceil((kept.freshUntilMs - nowMs) / 1_000)
  return {
    ...(kept.headers as Record<string, string | number | readonly string[]>),
    age: String(ageSeconds(kept, nowMs)),
    // RFC 9211 §2: an answer that was asked of the origin is no hit, whoever asked.
    'cache-status': collapsed ? `${forwardedStatus(collapsed)}; collapsed` : `whetstone; hit; ttl=${ttl}`,
  }
}

/** The cache is there to help: what it cannot answer, the handler does. */
export async function stepOf(asking: () => Promise<Step>): Promise<Step> {
  try {
    return await asking()
  } catch {
    return { kind: 'run', why: 'error' }
  }
}

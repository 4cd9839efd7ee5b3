/** HTTP caching as a middleware of Hono, on Node or wherever `node:crypto` is. */
import type { MiddlewareHandler } from 'hono'
import type { Headers as PlainHeaders } from './headers.ts'
import { isNotModified, isOfTheBody } from './not-modified.ts'
import { controlFor, forwardedStatus, type HttpCacheOptions, servedHeaders, stepOf, tagFor } from './options.ts'
import { type Asked, credentialNames } from './request-key.ts'
import type { Lead, Served } from './response-cache.ts'

export interface HonoCacheOptions extends HttpCacheOptions {
  /**
   * Answers a request of the cache's own, behind one that was served what is a little old: `request => app.fetch(request)`. Without it the
   * first request past the time makes the answer itself, and those beside it are served the old one.
   */
  readonly refresh?: (request: Request) => Response | Promise<Response>
}

/** Known by the object itself, so that no client can claim to be one. */
const leads = new WeakMap<Request, Lead>()

/**
 * Stands before whatever sets headers or cookies, so that it sees all of them.
 *
 * ```ts
 * app.use(httpCache({ cache: new ResponseCache({ store: new Cache() }), refresh: request => app.fetch(request) }))
 * ```
 */
export function httpCache(options: HonoCacheOptions = {}): MiddlewareHandler {
  const { cache, refresh } = options
  return async (context, next) => {
    const original = context.req.raw
    if (options.anonymous) context.req.raw = without(original, credentialNames(cache?.credentialHeaders))
    const asked = askedOf(context.req.raw)
    const conditions = asked.headers
    let why: string | undefined
    let lead = leads.get(original)
    if (cache && !lead) {
      const step = await stepOf(() => cache.ask(asked, refresh !== undefined))
      if (step.kind === 'answer') {
        if (step.behind) void refreshed(context.req.raw, step.behind, refresh!)
        return served(step, asked, conditions)
      }
      ;({ why, lead } = step)
      if (lead) context.req.raw = without(context.req.raw, ['if-none-match', 'if-modified-since'])
    }
    try {
      await next()
    } catch (error) {
      lead?.abandon()
      throw error
    }
    if (why !== undefined) context.res.headers.set('cache-status', forwardedStatus(why))
    const isChange = !['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(asked.method)
    // Before the client hears of it, so that what it asks next is new (RFC 9111 §4.4).
    if (cache && isChange && context.res.status < 400) await cache.purgeUrl(asked).catch(() => {})
    const isFailure = lead?.fallback !== undefined && context.res.status >= 500
    if (isFailure) lead?.abandon()
    const last = isFailure
      ? served({ answer: lead!.fallback! }, asked, conditions)
      : await finished(options, asked, conditions, context.res, lead)
    // Without this Hono would put the headers of the one before on it again.
    context.res = undefined
    context.res = last
    return undefined
  }
}

function askedOf(request: Request): Asked {
  const { pathname, search, protocol, host } = new URL(request.url)
  const headers = { ...plain(request.headers), host: request.headers.get('host') ?? host }
  return { method: request.method, url: pathname + search, scheme: protocol === 'https:' ? 'https' : 'http', headers }
}

/** Headers of a request cannot be changed: it is made anew, with the same body. */
function without(request: Request, names: readonly string[]): Request {
  if (!names.some(name => request.headers.has(name))) return request
  const headers = new Headers(request.headers)
  for (const name of names) headers.delete(name)
  return new Request(request, { headers })
}

async function refreshed(
  original: Request,
  lead: Lead,
  refresh: NonNullable<HonoCacheOptions['refresh']>,
): Promise<void> {
  const request = without(new Request(original.url, { headers: original.headers }), [
    'if-none-match',
    'if-modified-since',
  ])
  leads.set(request, lead)
  try {
    // Read to its end: the body is kept as it runs through.
    await (await refresh(request)).arrayBuffer()
  } catch {
    // As a failed answer: the next request tries again.
  } finally {
    lead.abandon()
  }
}

function served(from: Served, { method }: Asked, conditions: PlainHeaders): Response {
  const kept = from.answer
  const headers = servedHeaders(from, Date.now())
  const unchanged = isNotModified(method, conditions, kept.status, headers)
  const sent = new Headers()
  for (const [name, value] of Object.entries(headers))
    if (!unchanged || !isOfTheBody(name)) sent.set(name, String(value))
  if (unchanged) return new Response(null, { status: 304, headers: sent })
  sent.set('content-length', String(kept.body.length))
  return new Response(method === 'HEAD' ? null : Buffer.from(kept.body), { status: kept.status, headers: sent })
}

/** The answer with its last headers, its body kept where others may have it. */
async function finished(
  options: HttpCacheOptions,
  asked: Asked,
  conditions: PlainHeaders,
  response: Response,
  lead: Lead | undefined,
): Promise<Response> {
  const control = controlFor(options, asked, response.status, plain(response.headers))
  if (control !== undefined) response.headers.set('cache-control', control)
  const isStream = (response.headers.get('content-type') ?? '').startsWith('text/event-stream')
  const most = Math.max(lead ? (options.cache?.maxBodyBytes ?? 0) : 0, options.maxTaggedBytes ?? 1_048_576)
  const body = isStream || asked.method !== 'GET' ? undefined : await read(response, most)
  if (body === undefined) {
    lead?.abandon()
    return notModified(asked, conditions, response) ?? response
  }
  if (body.kind === 'flowing') return kept(body, response, lead, options.cache?.maxBodyBytes ?? 0)
  const { status } = response
  const tag = tagFor(options, asked.method, status, plain(response.headers), body.bytes)
  if (tag !== undefined) response.headers.set('etag', tag)
  void lead?.keep({ status, headers: plain(response.headers), body: body.bytes }).catch(() => {})
  const whole = response.body === null ? null : Buffer.from(body.bytes)
  return notModified(asked, conditions, response) ?? new Response(whole, response)
}

function notModified(asked: Asked, conditions: PlainHeaders, response: Response): Response | undefined {
  if (!isNotModified(asked.method, conditions, response.status, plain(response.headers))) return undefined
  const headers = new Headers(response.headers)
  for (const name of Object.keys(plain(response.headers))) if (isOfTheBody(name)) headers.delete(name)
  // What was read to its end is locked.
  if (response.body?.locked === false) void response.body.cancel().catch(() => {})
  return new Response(null, { status: 304, headers })
}

function plain(headers: Headers): PlainHeaders {
  const all: Record<string, string> = {}
  headers.forEach((value, name) => {
    all[name] = value
  })
  return all
}

type Body =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  /** What had come, and the rest as it comes. */
  | {
      readonly kind: 'flowing'
      readonly before: readonly Uint8Array[]
      readonly next: Promise<Read>
      readonly reader: Reader
    }

type Reader = ReadableStreamDefaultReader<Uint8Array>
type Read = Awaited<ReturnType<Reader['read']>>

/** A body made of text is all there at once; one that lets itself be waited for is a stream, and must not be held back. */
async function read(response: Response, mostBytes: number): Promise<Body> {
  if (response.body === null) return { kind: 'whole', bytes: new Uint8Array() }
  const reader = response.body.getReader() as Reader
  const before: Uint8Array[] = []
  for (let bytes = 0; ;) {
    const next = reader.read()
    const now = bytes > mostBytes ? undefined : await Promise.race([next, soon()])
    if (now === undefined) return { kind: 'flowing', before, next, reader }
    if (now.done) return { kind: 'whole', bytes: Buffer.concat(before) }
    before.push(now.value)
    bytes += now.value.length
  }
}

function soon(): Promise<undefined> {
  return new Promise(resolve => setImmediate(resolve, undefined))
}

/** Passes a stream on, and keeps it when its end has come. */
function kept(
  { before, next, reader }: Extract<Body, { kind: 'flowing' }>,
  response: Response,
  lead: Lead | undefined,
  mostBytes: number,
): Response {
  const waiting = [...before]
  let chunks: Uint8Array[] | undefined = lead ? [] : undefined
  let bytes = 0
  let first: Promise<Read> | undefined = next
  const headers = plain(response.headers)
  const record = (chunk: Uint8Array): void => {
    bytes += chunk.length
    if (bytes <= mostBytes) chunks?.push(chunk.slice())
    else if (chunks) {
      chunks = undefined
      lead?.abandon()
    }
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const early = waiting.shift()
      if (early) {
        record(early)
        controller.enqueue(early)
        return
      }
      try {
        const { done, value } = await (first ?? reader.read())
        first = undefined
        if (done) {
          if (chunks) void lead?.keep({ status: response.status, headers, body: Buffer.concat(chunks) }).catch(() => {})
          controller.close()
        } else {
          record(value)
          controller.enqueue(value)
        }
      } catch (error) {
        lead?.abandon()
        throw error
      }
    },
    async cancel(reason) {
      // Ends the read that is waiting as the end of the body would.
      chunks = undefined
      lead?.abandon()
      await reader.cancel(reason)
    },
  })
  return new Response(body, response)
}

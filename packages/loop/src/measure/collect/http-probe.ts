/** Asks each route a few careful questions (again, compressed, with its validator), because headers and sizes decide what caches and networks can do. */
import http from 'node:http'
import https from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'
import { isAsset } from '@whetstone/catalogue'
import type { HttpProbe, HttpProbeEvidence, HttpProbeVariation, PlannedRequest, RouteName } from '@whetstone/model'
import { callerOf, withoutCredentials } from './credentials.ts'
import { exchange } from './http-exchange.ts'

export interface ProbeRequest extends PlannedRequest {
  readonly route: RouteName
}

export interface HttpProbeOptions {
  readonly signal?: AbortSignal
  /** Requests sent at most, all routes together. Default 120. */
  readonly maxRequests?: number
  /** For one answer, body included. Default 10 000. */
  readonly timeoutMs?: number
  /** The repeat of a request waits until so long after the first. Default 2000. */
  readonly repeatAfterMs?: number
  /** Allows `body-bytes`, which sends a request that may write. Default false. */
  readonly allowWrites?: boolean
}

/** What every text-accepting client sends; brotli first, as browsers do. */
const ACCEPT_ENCODING = 'br, gzip'

/**
 * Plain, compressed and validator requests for every route, of files also one that does not say who asks, then each plain request once more.
 * Stops quietly at the bound or the signal.
 */
export async function probeRoutes(
  baseUrl: string,
  requests: readonly ProbeRequest[],
  options: HttpProbeOptions = {},
): Promise<HttpProbeEvidence> {
  const probes: HttpProbe[] = []
  const firstAnswers: { request: ProbeRequest; atMs: number }[] = []
  const session = openSession(baseUrl, options)
  try {
    for (const request of requests) {
      if (session.spent()) break
      const plain = await session.send(request, { kind: 'plain' })
      probes.push(plain)
      if (plain.answer.failed !== undefined || plain.answer.statusCode >= 400) continue
      firstAnswers.push({ request, atMs: performance.now() })
      for (const variation of followUps(plain, request)) {
        if (session.spent()) break
        probes.push(await session.send(request, variation))
      }
    }
    for (const { request, atMs } of firstAnswers) {
      if (session.spent()) break
      const waitMs = atMs + (options.repeatAfterMs ?? 2000) - performance.now()
      if (waitMs > 0) await delay(waitMs, undefined, options.signal ? { signal: options.signal } : {}).catch(() => {})
      if (session.spent()) break
      probes.push(await session.send(request, { kind: 'repeat', afterMs: Math.round(performance.now() - atMs) }))
    }
  } finally {
    session.close()
  }
  return { schema: 'http-probe@1', probes }
}

/** One request with one thing changed, for a detector that asked. `undefined` when it would write and writing was not allowed. */
export async function probeVariation(
  baseUrl: string,
  request: ProbeRequest,
  variation: HttpProbeVariation,
  options: HttpProbeOptions = {},
): Promise<HttpProbe | undefined> {
  if (variation.kind === 'body-bytes' && options.allowWrites !== true) return undefined
  const session = openSession(baseUrl, options)
  try {
    return session.spent() ? undefined : await session.send(request, variation)
  } finally {
    session.close()
  }
}

function followUps(plain: HttpProbe, { method }: ProbeRequest): HttpProbeVariation[] {
  const { etag } = plain.answer.headers
  // Everything may carry the token that some routes need; what a file answers to nobody in particular, everybody may keep.
  const isFileForSomebody = plain.authorised === true && method === 'GET' && isAsset(plain.answer)
  return [
    { kind: 'accept-encoding', value: ACCEPT_ENCODING },
    ...(isFileForSomebody ? [{ kind: 'without-credentials' } as const] : []),
    ...(etag === undefined ? [] : [{ kind: 'if-none-match', etag } as const]),
  ]
}

interface Session {
  send(request: ProbeRequest, variation: HttpProbeVariation): Promise<HttpProbe>
  spent(): boolean
  close(): void
}

/** One connection, so that the probe never adds concurrency to the service. */
function openSession(baseUrl: string, options: HttpProbeOptions): Session {
  const transport = baseUrl.startsWith('https:') ? https : http
  const agent = new transport.Agent({ keepAlive: true, maxSockets: 1 })
  const maxRequests = options.maxRequests ?? 120
  let sent = 0
  return {
    spent: () => sent >= maxRequests || options.signal?.aborted === true,
    async send(request, variation) {
      sent++
      const url = urlAt(baseUrl, request.path)
      const timeout = AbortSignal.timeout(options.timeoutMs ?? 10_000)
      const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout
      const varied = vary(url, request, variation)
      const answer = await exchange(varied.url, varied.request, signal, agent)
      return {
        route: request.route,
        url: varied.url.href,
        variation,
        ...(callerOf(varied.request.headers) === undefined ? {} : { authorised: true }),
        answer,
      }
    },
    close: () => agent.destroy(),
  }
}

/**
 * The path at the service's own origin. Never resolved against it: `//elsewhere/x` would name another host, and the
 * request carries the user's credentials.
 */
function urlAt(baseUrl: string, path: string): URL {
  const base = new URL(baseUrl)
  const url = new URL(base.origin + path)
  if (url.origin !== base.origin || url.username !== '')
    throw new Error(`the path ${JSON.stringify(path)} does not stay at ${base.origin}`)
  return url
}

function vary(
  url: URL,
  request: ProbeRequest,
  variation: HttpProbeVariation,
): { url: URL; request: { method: string; headers: Record<string, string>; body?: string | Buffer } } {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value] as const),
  )
  delete headers['accept-encoding']
  const plain = { method: request.method, headers, ...(request.body === undefined ? {} : { body: request.body }) }
  switch (variation.kind) {
    case 'plain':
    case 'repeat':
      return { url, request: plain }
    case 'without-credentials':
      return { url, request: { ...plain, headers: { ...withoutCredentials(headers) } } }
    case 'accept-encoding':
      return { url, request: { ...plain, headers: { ...headers, 'accept-encoding': variation.value } } }
    case 'if-none-match':
      return { url, request: { ...plain, headers: { ...headers, 'if-none-match': variation.etag } } }
    case 'query': {
      const changed = new URL(url)
      for (const [name, value] of Object.entries(variation.parameters)) changed.searchParams.set(name, value)
      return { url: changed, request: plain }
    }
    case 'body-bytes': {
      const method = request.method === 'GET' || request.method === 'HEAD' ? 'POST' : request.method
      const body = Buffer.from(paddedBody(request.body, variation.bytes))
      return { url, request: { method, headers: { ...headers, 'content-type': 'application/json' }, body } }
    }
  }
}

/** What the route is known to take, and one field more that nobody reads: other values could be refused for their content. */
function paddedBody(body: string | undefined, bytes: number): string {
  const known = { ...objectIn(body), padding: '' }
  const padding = 'x'.repeat(Math.max(0, bytes - Buffer.byteLength(JSON.stringify(known))))
  return JSON.stringify({ ...known, padding })
}

function objectIn(body: string | undefined): object {
  try {
    const value: unknown = JSON.parse(body ?? '{}')
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
  } catch {
    return {}
  }
}

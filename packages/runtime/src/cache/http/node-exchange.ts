/** HTTP caching on the request and response of Node itself, below Express and Fastify alike: what is kept is exactly what was sent. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { askedOf } from './asked-of.ts'
import { type Headers } from './headers.ts'
import { controlFor, forwardedStatus, type HttpCacheOptions, servedHeaders, stepOf, tagFor } from './options.ts'
import { isNotModified, isOfTheBody } from './not-modified.ts'
import { canRefresh, leadOfRefresh, refreshBehind } from './refresh.ts'
import { type Asked, credentialNames } from './request-key.ts'
import type { Lead, Served } from './response-cache.ts'

/** @returns true when the answer was sent from the cache, and nothing else may answer */
export async function exchange(
  options: HttpCacheOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const { cache } = options
  if (options.anonymous) for (const name of credentialNames(cache?.credentialHeaders)) delete request.headers[name]
  const asked = askedOf(request)
  const conditions = { ...request.headers }
  const capture = { options, asked, conditions, response }
  if (cache === undefined) {
    new Capture(capture)
    return false
  }
  const refreshing = leadOfRefresh(request)
  if (refreshing !== undefined) {
    new Capture({ ...capture, lead: refreshing })
    return false
  }
  const step = await stepOf(() => cache.ask(asked, canRefresh(request)))
  if (step.kind === 'answer') {
    if (step.behind) refreshBehind(request, step.behind)
    response.end(prepared(step, asked, conditions, response))
    return true
  }
  if (step.lead) {
    // The whole answer is wanted, to be kept; whether this client holds it is decided at the end.
    delete request.headers['if-none-match']
    delete request.headers['if-modified-since']
  }
  new Capture({ ...capture, why: step.why, lead: step.lead })
  return false
}

/** Sets the head of what is kept. @returns the body to send, if any */
function prepared(
  from: Served,
  { method }: Asked,
  conditions: Headers,
  response: ServerResponse,
): Uint8Array | undefined {
  const kept = from.answer
  const headers = servedHeaders(from, Date.now())
  const unchanged = isNotModified(method, conditions, kept.status, headers)
  for (const [name, value] of Object.entries(headers))
    if (!unchanged || !isOfTheBody(name)) response.setHeader(name, value)
  response.statusCode = unchanged ? 304 : kept.status
  if (!unchanged) response.setHeader('content-length', kept.body.length)
  return unchanged || method === 'HEAD' ? undefined : kept.body
}

interface Captured {
  readonly options: HttpCacheOptions
  readonly asked: Asked
  /** The request's headers as the client sent them. */
  readonly conditions: Headers
  readonly response: ServerResponse
  readonly why?: string
  readonly lead?: Lead | undefined
}

type Callback = (error?: Error | null) => void
/** Before the first byte; the body going out as it comes; sent otherwise, so that what the handler still writes goes nowhere; over. */
type State = 'waiting' | 'flowing' | 'replaced' | 'over'

/** Stands in front of one response until it is over: holds the head back until it is known what becomes of it. */
class Capture {
  readonly #of: Captured
  readonly #response: ServerResponse
  readonly #real: Pick<ServerResponse, 'writeHead' | 'write' | 'end' | 'flushHeaders'>
  #state: State = 'waiting'
  #headGiven = false
  #chunks: Buffer[] | undefined
  #bytes = 0
  /** Node's `end` of HTTP/2 writes its piece by `write`, which is ours. */
  #isEnding = false
  /** As the handler gave them: what stands further out, such as compression, adds its own at each serving. */
  #headers: Headers = {}

  constructor(of: Captured) {
    const { response, lead, options, asked } = of
    this.#of = of
    this.#response = response
    this.#chunks = lead ? [] : undefined
    this.#real = {
      writeHead: response.writeHead.bind(response),
      write: response.write.bind(response),
      end: response.end.bind(response),
      flushHeaders: response.flushHeaders.bind(response),
    }
    response.writeHead = ((...given: unknown[]) => this.#writeHead(given)) as typeof response.writeHead
    response.write = ((...given: unknown[]) => this.#write(given)) as typeof response.write
    response.end = ((...given: unknown[]) => this.#end(given)) as typeof response.end
    response.flushHeaders = () => {
      this.#flow()
      if (this.#state === 'flowing') this.#real.flushHeaders()
    }
    response.once('close', () => lead?.abandon())
    if (options.cache && of.why !== undefined) response.setHeader('cache-status', forwardedStatus(asked.method === 'GET' || asked.method === 'HEAD' ? of.why : 'method')) // prettier-ignore
  }

  #writeHead(given: unknown[]): ServerResponse {
    const [status, second, third] = given as [number, unknown, unknown]
    if (this.#state !== 'waiting') {
      // The head that went out is not theirs; Node calls it too when it ends what has no head yet.
      if (this.#state === 'over' || this.#state === 'flowing')
        (this.#real.writeHead as (...all: unknown[]) => void)(...given)
      return this.#response
    }
    this.#headGiven = true
    this.#response.statusCode = status
    if (typeof second === 'string') this.#response.statusMessage = second
    const headers = typeof second === 'string' ? third : second
    if (Array.isArray(headers)) for (let at = 0; at + 1 < headers.length; at += 2) this.#response.setHeader(String(headers[at]), headers[at + 1] as string) // prettier-ignore
    else for (const [name, value] of Object.entries(headers ?? {})) if (value !== undefined) this.#response.setHeader(name, value as string) // prettier-ignore
    return this.#response
  }

  #write(given: unknown[]): boolean {
    if (this.#isEnding) return (this.#real.write as (...all: unknown[]) => boolean)(...given)
    const [chunk, encoding, callback] = given
    const done = (typeof encoding === 'function' ? encoding : callback) as Callback | undefined
    if (this.#isWhole(chunk, encoding)) {
      this.#complete(bytesOf(chunk, encoding), done)
      return true
    }
    this.#flow()
    if (this.#state !== 'flowing') {
      if (done) process.nextTick(done)
      return true
    }
    const bytes = bytesOf(chunk, encoding)
    this.#record(bytes)
    return this.#real.write(bytes, done)
  }

  /** By what its head says of its length: Fastify 4 writes a body and ends after it. */
  #isWhole(chunk: unknown, encoding: unknown): boolean {
    const length = Number(this.#response.getHeader('content-length'))
    return this.#state === 'waiting' && length > 0 && bytesOf(chunk, encoding).length === length
  }

  #end(given: unknown[]): ServerResponse {
    const done = given.find(one => typeof one === 'function') as Callback | undefined
    const [chunk, encoding] = typeof given[0] === 'function' ? [] : given
    const body = chunk === undefined || chunk === null ? undefined : bytesOf(chunk, encoding)
    switch (this.#state) {
      case 'waiting':
        this.#complete(body ?? Buffer.alloc(0), done)
        break
      case 'flowing': {
        if (body) this.#record(body)
        // Cut off by the client: what the handler took for the end may be its way of giving up.
        const isWhole = !isCutOff(this.#response)
        this.#state = 'over'
        this.#sendEnd(body, done)
        if (isWhole) this.#keep()
        else this.#of.lead?.abandon()
        break
      }
      default:
        if (done) process.nextTick(done)
    }
    return this.#response
  }

  /** The whole body at once. */
  #complete(body: Buffer, done: Callback | undefined): void {
    const { options, asked, conditions } = this.#of
    const response = this.#response
    if (this.#isReplaced(done)) return
    const tag = tagFor(options, asked.method, response.statusCode, response.getHeaders(), body)
    if (tag !== undefined) response.setHeader('etag', tag)
    this.#record(body)
    this.#headers = { ...response.getHeaders() }
    const status = response.statusCode
    this.#state = 'over'
    if (isNotModified(asked.method, conditions, status, this.#headers)) this.#sendNotModified(done)
    else {
      this.#real.writeHead(status)
      this.#sendEnd(body.length > 0 ? body : undefined, done)
    }
    this.#keep(status)
  }

  /** The first of several pieces: the head must go now. */
  #flow(): void {
    if (this.#state !== 'waiting' || this.#isReplaced()) return
    const { asked, conditions, lead } = this.#of
    this.#headers = { ...this.#response.getHeaders() }
    // Where the answer is wanted for others its body has to run through; this client reads it too, then.
    if (!lead && isNotModified(asked.method, conditions, this.#response.statusCode, this.#headers)) {
      this.#state = 'replaced'
      this.#sendNotModified()
      return
    }
    this.#state = 'flowing'
    this.#real.writeHead(this.#response.statusCode)
  }

  /** Gives the head its last words. @returns true when a failure was answered with what is kept */
  #isReplaced(done?: Callback): boolean {
    const { options, asked, lead, conditions } = this.#of
    const response = this.#response
    // Through the outermost: whoever waits for the head, such as a session with its cookie, speaks now or never.
    if (!this.#headGiven) response.writeHead(response.statusCode)
    if (lead?.fallback && response.statusCode >= 500) {
      this.#state = 'over'
      lead.abandon()
      for (const name of response.getHeaderNames()) response.removeHeader(name)
      forgetReason(response)
      const body = prepared({ answer: lead.fallback }, asked, conditions, response)
      this.#real.writeHead(response.statusCode)
      this.#sendEnd(body, done)
      return true
    }
    const control = controlFor(options, asked, response.statusCode, response.getHeaders())
    if (control !== undefined) response.setHeader('cache-control', control)
    const isChange =
      asked.method !== 'GET' && asked.method !== 'HEAD' && asked.method !== 'OPTIONS' && asked.method !== 'TRACE'
    // Before the client hears of it, so that what it asks next is new (RFC 9111 §4.4).
    if (isChange && response.statusCode >= 200 && response.statusCode < 400)
      void options.cache?.purgeUrl(asked).catch(() => {})
    return false
  }

  #sendNotModified(done?: Callback): void {
    for (const name of this.#response.getHeaderNames()) if (isOfTheBody(name)) this.#response.removeHeader(name)
    this.#response.statusCode = 304
    forgetReason(this.#response)
    this.#real.writeHead(304)
    this.#sendEnd(undefined, done)
  }

  #sendEnd(body: Uint8Array | undefined, done: Callback | undefined): void {
    this.#isEnding = true
    if (body) this.#real.end(body, done)
    else this.#real.end(done)
    this.#isEnding = false
  }

  #record(bytes: Buffer): void {
    if (this.#chunks === undefined) return
    this.#bytes += bytes.length
    if (this.#bytes > (this.#of.options.cache?.maxBodyBytes ?? 0)) {
      this.#chunks = undefined
      this.#of.lead?.abandon()
    } else this.#chunks.push(Buffer.from(bytes))
  }

  #keep(status = this.#response.statusCode): void {
    const { lead, asked } = this.#of
    if (lead === undefined || this.#chunks === undefined || asked.method !== 'GET') return
    // What was said further out at the last moment forbids as much as what the handler said.
    const cookie = this.#response.getHeader('set-cookie')
    const headers = cookie === undefined ? this.#headers : { ...this.#headers, 'set-cookie': cookie }
    void lead.keep({ status, headers, body: Buffer.concat(this.#chunks) }).catch(() => {})
  }
}

/** The response of HTTP/2 is no stream of its own. */
function isCutOff(response: ServerResponse & { readonly stream?: { readonly destroyed: boolean } }): boolean {
  return response.stream?.destroyed ?? response.destroyed
}

/** HTTP/2 has none, and warns of one. */
function forgetReason(response: ServerResponse): void {
  if (!('stream' in response)) response.statusMessage = ''
}

function bytesOf(chunk: unknown, encoding: unknown): Buffer {
  if (typeof chunk === 'string')
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  const { buffer, byteOffset, byteLength } = chunk as Uint8Array
  return Buffer.from(buffer, byteOffset, byteLength)
}

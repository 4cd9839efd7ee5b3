/** A plain client for what a scenario does beside the measured requests: setup, teardown, logins and calls of its own. */
import { request as httpRequest } from 'node:http'
import { exitCodes, WhetstoneError } from '@whetstone/model'
import type { LoadTarget } from '../plan.ts'
import { hostHeader } from '../plan.ts'
import { dial } from '../wire/dial.ts'
import type { CookieJar } from './cookies.ts'

export interface HttpOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly body?: string
  /** Statuses from 400 that are an answer and not a failure. */
  readonly allow?: readonly number[]
  /** Default 30,000. */
  readonly timeoutMs?: number
}

export interface HttpAnswer {
  readonly status: number
  /** By lower-case name; several of one name are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** The body as JSON. Throws when it is not. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what a service answers is the author's to know
  json(): any
}

/** Paths are of the service under test. Each rejects with `WHET_SCENARIO_HTTP` without an answer and, unless allowed, for a status from 400. */
export interface Http {
  get(path: string, options?: HttpOptions): Promise<HttpAnswer>
  post(path: string, options?: HttpOptions): Promise<HttpAnswer>
  put(path: string, options?: HttpOptions): Promise<HttpAnswer>
  patch(path: string, options?: HttpOptions): Promise<HttpAnswer>
  delete(path: string, options?: HttpOptions): Promise<HttpAnswer>
  request(method: string, path: string, options?: HttpOptions): Promise<HttpAnswer>
}

export interface HttpSettings {
  readonly target: LoadTarget
  readonly headers: Readonly<Record<string, string>>
  /** Cookies are read from it and kept in it. */
  readonly jar?: CookieJar
  readonly now: () => number
}

const DEFAULT_TIMEOUT_MS = 30_000
/** More than this is a download, not the answer to a login. */
const MAX_BODY_BYTES = 64 * 1024 * 1024

export function httpClient(settings: HttpSettings): Http {
  const request = (method: string, path: string, options: HttpOptions = {}) => exchange(settings, method, path, options)
  return {
    get: (path, options) => request('GET', path, options),
    post: (path, options) => request('POST', path, options),
    put: (path, options) => request('PUT', path, options),
    patch: (path, options) => request('PATCH', path, options),
    delete: (path, options) => request('DELETE', path, options),
    request,
  }
}

async function exchange(
  settings: HttpSettings,
  method: string,
  path: string,
  options: HttpOptions,
): Promise<HttpAnswer> {
  const answer = await send(settings, method, path, options)
  if (answer.status >= 400 && !options.allow?.includes(answer.status)) {
    const excerpt = answer.text.length > 200 ? `${answer.text.slice(0, 200)}…` : answer.text
    throw new WhetstoneError('WHET_SCENARIO_HTTP', `${method} ${path} was answered ${answer.status}: ${excerpt}`, {
      exitCode: exitCodes.target,
      hint: `if that is an answer too: { allow: [${answer.status}] }`,
    })
  }
  return answer
}

function send(
  { target, headers, jar, now }: HttpSettings,
  method: string,
  path: string,
  options: HttpOptions,
): Promise<HttpAnswer> {
  const body = options.json === undefined ? options.body : JSON.stringify(options.json)
  const cookies = jar?.header(path, now()) ?? ''
  const all = {
    ...headers,
    ...(options.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(cookies === '' ? {} : { cookie: cookies }),
    ...options.headers,
    ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
  }
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) =>
      reject(
        new WhetstoneError('WHET_SCENARIO_HTTP', `${method} ${path} was not answered: ${cause.message}`, {
          exitCode: exitCodes.target,
          cause,
        }),
      )
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    const sent = httpRequest({
      method,
      path,
      headers: { host: hostHeader(target), ...all },
      timeout: timeoutMs,
      // One connection a request: a pooled one could be closed by the server just then, or keep the process alive.
      createConnection: () => dial(target),
    })
    sent.on('timeout', () => sent.destroy(new Error(`nothing came for ${timeoutMs} ms`)))
    sent.on('error', fail)
    sent.on('response', response => {
      const pieces: Buffer[] = []
      let bytes = 0
      response.on('data', (piece: Buffer) => {
        bytes += piece.length
        if (bytes > MAX_BODY_BYTES) sent.destroy(new Error(`its answer is longer than ${MAX_BODY_BYTES} bytes`))
        else pieces.push(piece)
      })
      response.on('error', fail)
      response.on('end', () => {
        const text = Buffer.concat(pieces).toString('utf8')
        const lines = (response.headers['set-cookie'] ?? []).map(value => `set-cookie: ${value}\r\n`)
        jar?.store(lines.join(''), path, now())
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
          ),
          text,
          json: () => JSON.parse(text) as unknown,
        })
      })
    })
    sent.end(body)
  })
}

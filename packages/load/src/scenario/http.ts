/** A plain client for what a scenario does beside the measured requests: setup, teardown, logins and calls of its own. */
import { exitCodes, WhetstoneError } from '@whetstone/model'
import type { LoadTarget } from '../plan.ts'
import { askOnce } from '../wire/ask-once.ts'
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

async function send(
  { target, headers, jar, now }: HttpSettings,
  method: string,
  path: string,
  options: HttpOptions,
): Promise<HttpAnswer> {
  const body = options.json === undefined ? options.body : JSON.stringify(options.json)
  const cookies = jar?.header(path, now()) ?? ''
  const all = byLowerCase([
    ...Object.entries(headers),
    ...(options.json === undefined ? [] : [['content-type', 'application/json'] as const]),
    ...(cookies === '' ? [] : [['cookie', cookies] as const]),
    ...Object.entries(options.headers ?? {}),
  ])
  const request = { method, path, headers: all, ...(body === undefined ? {} : { body }) }
  const answer = await askOnce(target, request, options.timeoutMs ?? DEFAULT_TIMEOUT_MS).catch((error: Error) =>
    unanswered(error.message),
  )
  if (answer.bodyBytes > answer.keptBytes) unanswered(`its answer has ${answer.bodyBytes} bytes`)
  jar?.store(answer.head, path, now())
  const { status, body: text } = answer
  return { status, headers: joined(answer.headers), text, json: () => JSON.parse(text) as unknown }

  function unanswered(why: string): never {
    throw new WhetstoneError('WHET_SCENARIO_HTTP', `${method} ${path} was not answered: ${why}`, {
      exitCode: exitCodes.target,
    })
  }
}

/** Of two that differ in case only, the last counts. */
function byLowerCase(headers: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
}

function joined(fields: readonly (readonly [string, string])[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of fields) headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  return headers
}

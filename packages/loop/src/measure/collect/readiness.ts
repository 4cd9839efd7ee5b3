/** Waits until the service answers HTTP at all; any status counts, garbage and silence do not. */
import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { exitCodes, WhetstoneError } from '@whetstone/model'

export interface ReadinessOptions {
  readonly path: string
  readonly signal: AbortSignal
  /** How the process ended, once it has. */
  readonly ended: () => string | undefined
  /** Default 20 s. */
  readonly timeoutMs?: number
}

/** @throws WhetstoneError WHET_TARGET_SILENT, WHET_TARGET_GARBAGE or WHET_TARGET_EXITED (exit code 3) */
export async function waitUntilAnswering(baseUrl: string, options: ReadinessOptions): Promise<void> {
  const timeoutMs = options.timeoutMs ?? 20_000
  const deadline = performance.now() + timeoutMs
  let last: Error | undefined
  while (performance.now() < deadline) {
    options.signal.throwIfAborted()
    const ended = options.ended()
    if (ended)
      throw new WhetstoneError('WHET_TARGET_EXITED', `the service ${ended} before it answered`, {
        exitCode: exitCodes.target,
      })
    try {
      await once(urlWithin(baseUrl, options.path), Math.min(5_000, deadline - performance.now()), options.signal)
      return
    } catch (error) {
      last = error as Error
      if ((last as NodeJS.ErrnoException).code?.startsWith('HPE_')) break
    }
    await delay(50, undefined, { signal: options.signal })
  }
  const garbage = (last as NodeJS.ErrnoException | undefined)?.code?.startsWith('HPE_')
  throw garbage
    ? new WhetstoneError('WHET_TARGET_GARBAGE', `${baseUrl} does not speak HTTP/1.1: ${last?.message}`, {
        exitCode: exitCodes.target,
        hint: 'Is it TLS, HTTP/2 or another protocol? Give the plain HTTP port.',
        cause: last,
      })
    : new WhetstoneError(
        'WHET_TARGET_SILENT',
        `${baseUrl} accepted no request within ${timeoutMs / 1_000} s: ${last?.message ?? 'no answer'}`,
        {
          exitCode: exitCodes.target,
          hint: 'It listens but does not answer. Try: curl -i ' + baseUrl,
          cause: last,
        },
      )
}

/** False where nobody answers in time, or only to say that there is no such path. */
export async function knowsPath(baseUrl: string, path: string, signal: AbortSignal): Promise<boolean> {
  const status = await once(urlWithin(baseUrl, path), pathPatienceMs, signal).catch(() => notFound)
  return status !== notFound
}

const notFound = 404
const pathPatienceMs = 1_000

/** Put together as text: a path that begins with `//` would be taken for another host. */
function urlWithin(baseUrl: string, path: string): URL {
  return new URL(`${new URL(baseUrl).origin}${path.startsWith('/') ? '' : '/'}${path}`)
}

/** The status of the answer. */
function once(url: URL, timeoutMs: number, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const req = request(url, { method: 'GET', signal, agent: false, timeout: Math.max(1, timeoutMs) }, response => {
      response.resume()
      resolve(response.statusCode ?? 0)
      response.once('error', () => {})
      setImmediate(() => req.destroy())
    })
    req.once('timeout', () => req.destroy(new Error(`no answer in ${Math.round(timeoutMs)} ms`)))
    req.once('error', reject)
    req.end()
  })
}

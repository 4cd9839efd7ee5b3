/** The target as the wire options describe it, and single requests over it while the routes are planned. */
import { readFile } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { askOnce, type LoadPlan, loadTarget } from '@whetstone/load'
import type { planWorkload } from '@whetstone/loop'
import { exitCodes, WhetstoneError } from '@whetstone/model'
import type { WireOptions } from './load-options.ts'

type Target = LoadPlan['target']
type Send = Parameters<typeof planWorkload>[1]['send']

/** @throws WhetstoneError WHET_FILE, WHET_LOAD_PROTOCOL, and WHET_FLAG for TLS flags that would do nothing */
export async function targetOf(url: URL, options: WireOptions): Promise<Target> {
  const target = loadTarget(url)
  assertTlsFlags(target, options)
  const [ca, cert, key] = await Promise.all([options.ca, options.cert, options.key].map(pem))
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(options.insecure ? { insecure: true } : {}),
  }
  return {
    ...target,
    ...(options.http2 ? { protocol: target.protocol === 'https' ? ('h2' as const) : ('h2c' as const) } : {}),
    ...(options.unixSocket === undefined ? {} : { socketPath: options.unixSocket }),
    ...(Object.keys(tls).length > 0 ? { tls } : {}),
  }
}

function assertTlsFlags({ protocol }: Target, options: WireOptions): void {
  const given = (['ca', 'cert', 'key', 'insecure'] as const).filter(flag => options[flag] !== undefined)
  if (given.length > 0 && protocol !== 'https')
    throw new WhetstoneError('WHET_FLAG', `--${given[0]} is for TLS, and the address begins with http:`, {
      hint: 'https://127.0.0.1:3443',
    })
  if ((options.cert === undefined) === (options.key === undefined)) return
  throw new WhetstoneError('WHET_FLAG', '--cert and --key belong together, and one of them is missing')
}

async function pem(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  return readFile(file, 'utf8').catch(cause => {
    throw new WhetstoneError('WHET_FILE', `${file} cannot be read: ${(cause as Error).message}`, { cause })
  })
}

const patienceMs = 5_000
const againAfterMs = 100

/** Waits until somebody accepts connections; a service that is just starting may need a moment. @throws WhetstoneError WHET_TARGET_UNREACHABLE (exit code 3) */
export async function assertReachable(target: Target, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + patienceMs
  let last: Error | undefined
  do {
    signal.throwIfAborted()
    last = await refusal(target, deadline - performance.now())
    if (last === undefined) return
    await delay(againAfterMs, undefined, { signal })
  } while (performance.now() < deadline)
  const place = target.socketPath ?? `${target.host}:${target.port}`
  throw new WhetstoneError('WHET_TARGET_UNREACHABLE', `nothing answers at ${place}: ${last.message}`, {
    cause: last,
    exitCode: exitCodes.target,
    hint: 'Start the service first, or let whetstone start it: whetstone load -- <command>',
  })
}

function refusal({ host, port, socketPath }: Target, timeoutMs: number): Promise<Error | undefined> {
  return new Promise(resolve => {
    const socket = connectTcp(socketPath === undefined ? { host, port } : { path: socketPath })
    const finish = (error?: Error) => {
      socket.destroy()
      resolve(error)
    }
    socket.setTimeout(Math.max(1, timeoutMs), () => finish(new Error('no connection in time')))
    socket.once('connect', () => finish())
    socket.once('error', finish)
  })
}

/** Never rejects: what could not be sent is `failed`, with the engine's word for it. */
export function senderFor(target: Target, timeoutMs: number): Send {
  // A target of its own: handshakes are counted by target, and these are not of the load.
  const own = { ...target }
  return async ({ method, path, headers, body }) => {
    // Bodies are not decoded here, so none is asked to be compressed.
    const { 'accept-encoding': _compressed, ...plain } = headers
    const request = { method, path, headers: plain, ...(body === undefined ? {} : { body }) }
    try {
      const answer = await askOnce(own, request, timeoutMs)
      return { status: answer.status, headers: byName(answer.headers), body: answer.body }
    } catch (error) {
      return { status: 0, headers: {}, body: '', failed: (error as Error).message }
    }
  }
}

/** Cookies hold commas, so several of one name are joined by a line break. */
function byName(fields: readonly (readonly [name: string, value: string])[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of fields) headers[name] = name in headers ? `${headers[name]}\n${value}` : value
  return headers
}

/** The target as the wire options describe it, and single requests over it while the routes are planned. */
import { readFile } from 'node:fs/promises'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type LoadPlan, loadTarget } from '@whetstone/load'
import type { planWorkload } from '@whetstone/loop'
import { exitCodes, type PlannedRequest, WhetstoneError } from '@whetstone/model'
import type { WireOptions } from './load-options.ts'

type Target = LoadPlan['target']
type Send = Parameters<typeof planWorkload>[1]['send']
type Reply = Awaited<ReturnType<Send>>

/** @throws WhetstoneError WHET_FILE, WHET_LOAD_PROTOCOL */
export async function targetOf(url: URL, options: WireOptions): Promise<Target> {
  const target = loadTarget(url)
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

/** Never rejects: what could not be sent is `failed`. Bodies are cut at 1 MB: here they are only looked through for ids. */
export function senderFor(target: Target, timeoutMs: number): Send {
  const send = target.protocol === 'h2' || target.protocol === 'h2c' ? sendHttp2 : sendHttp1
  return async request => {
    try {
      return await send(target, request, timeoutMs)
    } catch (error) {
      return { status: 0, headers: {}, body: '', failed: (error as Error).message }
    }
  }
}

const maxBodyBytes = 1_000_000

function sendHttp1(target: Target, request: PlannedRequest, timeoutMs: number): Promise<Reply> {
  const { host, port, socketPath, tls } = target
  return new Promise((resolve, reject) => {
    const outgoing = (target.protocol === 'https' ? httpsRequest : httpRequest)(
      {
        ...(socketPath === undefined ? { host, port } : { socketPath }),
        ...tlsOptions(tls),
        method: request.method,
        path: request.path,
        headers: plain(request),
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
      },
      incoming => void bodyOf(incoming).then(reply => resolve(reply), reject),
    )
    outgoing.on('error', reject)
    outgoing.end(request.body)
  })
}

async function bodyOf(incoming: IncomingMessage): Promise<Reply> {
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, textOf(value)]))
  return { status: incoming.statusCode ?? 0, headers, body: await textBody(incoming) }
}

async function sendHttp2(target: Target, request: PlannedRequest, timeoutMs: number): Promise<Reply> {
  const session = openSession(target)
  const failed = new Promise<never>((_, reject) => {
    session.once('error', reject)
    session.setTimeout(timeoutMs, () => reject(new Error(`no answer within ${timeoutMs / 1_000} s`)))
  })
  try {
    return await Promise.race([answerOf(session, request), failed])
  } finally {
    session.destroy()
  }
}

function openSession({ host, port, socketPath, protocol, tls }: Target): ClientHttp2Session {
  const scheme = protocol === 'h2' ? 'https' : 'http'
  const authority = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
  return connectHttp2(authority, {
    ...tlsOptions(tls),
    ...(socketPath === undefined ? {} : { createConnection: () => connectTcp({ path: socketPath }) }),
  })
}

async function answerOf(session: ClientHttp2Session, request: PlannedRequest): Promise<Reply> {
  const stream = session.request({ ...plain(request), ':method': request.method, ':path': request.path })
  stream.end(request.body)
  const head = await new Promise<Record<string, unknown>>((resolve, reject) => {
    stream.once('response', resolve)
    stream.once('error', reject)
  })
  const named = Object.entries(head).filter(([name]) => !name.startsWith(':'))
  const headers = Object.fromEntries(named.map(([name, value]) => [name, textOf(value as string)]))
  return { status: Number(head[':status']), headers, body: await textBody(stream) }
}

/** Bodies are not decoded here, so none is asked to be compressed. */
function plain({ headers, body }: PlannedRequest): Record<string, string | number> {
  const { 'accept-encoding': _compressed, ...rest } = headers
  return { ...rest, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) }
}

async function textBody(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer)
    bytes += (chunk as Buffer).length
    if (bytes > maxBodyBytes) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

function textOf(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : (value ?? []).join('\n')
}

function tlsOptions(tls: Target['tls']) {
  if (tls === undefined) return {}
  const { insecure, ...rest } = tls
  return { ...rest, ...(insecure ? { rejectUnauthorized: false } : {}) }
}

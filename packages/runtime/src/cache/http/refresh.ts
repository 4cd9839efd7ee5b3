/** Makes an answer anew behind a request that was served what is a little old: the same request once more, to the same server, without a socket. */
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Writable } from 'node:stream'
import type { Lead } from './response-cache.ts'

/** Known by the object itself, so that no client can claim to be one. */
const leads = new WeakMap<IncomingMessage, Lead>()

/** A handler that takes longer has failed; the next request tries again. */
const refreshWithinMs = 30_000

interface Listener {
  emit(event: 'request', request: IncomingMessage, response: ServerResponse): boolean
}

export function leadOfRefresh(request: IncomingMessage): Lead | undefined {
  return leads.get(request)
}

/** Node notes at each socket which server it came to; not for requests that tests inject. */
export function canRefresh(request: IncomingMessage): boolean {
  return serverOf(request) !== undefined
}

type Original = IncomingMessage & {
  readonly originalUrl?: string
  /** Of HTTP/2 alone. */
  readonly authority?: string
  readonly scheme?: string
}

export function refreshBehind(original: Original, lead: Lead): void {
  const server = serverOf(original)
  const socket = new Socket()
  const { remoteAddress, remotePort, localPort } = original.socket
  const encrypted = (original.socket as { encrypted?: boolean }).encrypted
  for (const [name, value] of Object.entries({ remoteAddress, remotePort, localPort, encrypted }))
    Object.defineProperty(socket, name, { value, configurable: true })
  const request = new IncomingMessage(socket)
  Object.assign(request, {
    method: 'GET',
    url: original.originalUrl ?? original.url,
    httpVersion: original.httpVersion,
    httpVersionMajor: original.httpVersionMajor,
    httpVersionMinor: original.httpVersionMinor,
    ...(original.httpVersionMajor === 2 && { authority: original.authority, scheme: original.scheme }),
    headers: Object.fromEntries(Object.entries(original.headers).filter(([name]) => !/^if-|^connection$/.test(name))),
  })
  request.complete = true
  request.push(null)
  const response = new ServerResponse(request)
  response.assignSocket(nowhere())
  leads.set(request, lead)
  const timer = setTimeout(() => response.destroy(), refreshWithinMs).unref()
  response.once('close', () => {
    clearTimeout(timer)
    lead.abandon()
  })
  response.once('finish', () => response.emit('close'))
  // After the one that waits.
  setImmediate(() => {
    try {
      server?.emit('request', request, response)
    } catch {
      lead.abandon()
    }
  })
}

function serverOf({ socket }: IncomingMessage): Listener | undefined {
  return (socket as { server?: Listener }).server
}

function nowhere(): Socket {
  return new Writable({ write: (_chunk, _encoding, done) => setImmediate(done) }) as unknown as Socket
}

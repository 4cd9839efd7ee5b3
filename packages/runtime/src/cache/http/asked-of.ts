/** What a request of Node asks for, be it of HTTP/1 or of HTTP/2, where host, scheme and body are told in other ways. */
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Headers } from './headers.ts'
import type { Asked } from './request-key.ts'

/** What Node's HTTP/2 has beside; `endAfterHeaders`: it came without a body. */
type Request = IncomingMessage & {
  readonly originalUrl?: string
  readonly stream?: { readonly endAfterHeaders?: boolean }
}

export function askedOf(request: Request): Asked {
  const { method = 'GET' } = request
  const scheme = (request.socket as Partial<TLSSocket>).encrypted ? 'https' : 'http'
  const headers = request.httpVersionMajor === 2 ? headersOfHttp2(request, scheme) : request.headers
  // Express cuts the path at which a router stands off `url`.
  return { method, url: request.originalUrl ?? request.url ?? '/', scheme, headers }
}

/** In the words of HTTP/1, so that both find the same answer; and where a client says two things, both of them count. */
function headersOfHttp2({ headers, stream }: Request, scheme: string): Headers {
  const { ':authority': authority, ':scheme': said, host } = headers as Record<string, string | undefined>
  const hosts = [authority, host].filter((name, at, all) => name !== undefined && all.indexOf(name) === at)
  return {
    ...headers,
    host: hosts.join(' '),
    // A handler may build links of it, whatever the connection is.
    ':scheme': said === scheme ? undefined : said,
    // Its body needs no header to be announced.
    ...(stream?.endAfterHeaders === false && { 'transfer-encoding': 'chunked' }),
  }
}

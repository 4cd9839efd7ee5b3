/** Well-behaved HTTP/2 servers for tests: what a stream is answered is the test's. */
import { createServer } from 'node:http2'
import type { Http2SecureServer, Http2Server, Http2Session, ServerHttp2Stream, ServerOptions } from 'node:http2'
import type { LoadTarget } from '../../plan.ts'
import { listen } from './servers.ts'

/** Told the number of the connection, from 1. */
export type OnStream = (stream: ServerHttp2Stream, headers: Record<string, unknown>, session: number) => void

export const answerEmpty: OnStream = stream => stream.respond({ ':status': 200 }, { endStream: true })

/** In clear text. */
export async function h2c(onStream: OnStream, options: ServerOptions = {}): Promise<LoadTarget> {
  const port = await serveHttp2(createServer(options), onStream)
  return { host: '127.0.0.1', port, protocol: 'h2c' }
}

/** Resolves with the port. */
export function serveHttp2(server: Http2Server | Http2SecureServer, onStream: OnStream): Promise<number> {
  const sessions: Http2Session[] = []
  // Both kinds of server have these events, but their types share no signature of `on`.
  const common = server as Http2Server
  common.on('session', session => {
    sessions.push(session)
    session.on('error', () => undefined)
  })
  common.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    onStream(stream, headers as Record<string, unknown>, sessions.indexOf(stream.session!) + 1)
  })
  return listen(common, 0)
}

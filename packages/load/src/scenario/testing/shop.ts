/** A small real shop for the tests of scenarios: it answers, remembers what it was asked, and can be told to refuse a token. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { LoadTarget } from '../../plan.ts'

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Shop {
  readonly target: LoadTarget
  readonly url: string
  readonly seen: Seen[]
  close(): Promise<void>
}

export type Answering = (seen: Seen, response: ServerResponse) => void

/** Answers `{}` unless told otherwise. */
export async function startShop(answering: Answering = (_seen, response) => response.end('{}')): Promise<Shop> {
  const seen: Seen[] = []
  const server: Server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const body = Buffer.concat(pieces).toString('utf8')
      const one = { method: request.method!, url: request.url!, headers: request.headers, body }
      seen.push(one)
      answering(one, response)
    })
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    target: { host: '127.0.0.1', port },
    url: `http://127.0.0.1:${port}`,
    seen,
    close: () =>
      new Promise(done => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** An answer with a JSON body. */
export function answerJson(response: ServerResponse, value: unknown, headers: Record<string, string | string[]> = {}) {
  response.setHeader('content-type', 'application/json')
  for (const [name, header] of Object.entries(headers)) response.setHeader(name, header)
  response.end(JSON.stringify(value))
}

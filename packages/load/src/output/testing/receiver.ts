/** A real HTTP server that keeps what is posted to it and answers as told. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** `undefined` leaves the request without an answer. */
export type Answer = { readonly status: number; readonly text?: string } | undefined

export interface Receiver {
  readonly url: string
  /** What was accepted, and what was not. */
  readonly accepted: Received[]
  readonly attempts: Received[]
  close(): Promise<void>
}

/** `answer` is asked with the number of the attempt, from 0; by default everything is accepted. */
export async function receiver(answer: (attempt: number) => Answer = () => ({ status: 204 })): Promise<Receiver> {
  const attempts: Received[] = []
  const accepted: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const received = { path: request.url!, headers: request.headers, body: Buffer.concat(chunks) }
      const given = answer(attempts.push(received) - 1)
      if (given === undefined) return
      if (given.status < 300) accepted.push(received)
      response.writeHead(given.status).end(given.text)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accepted,
    attempts,
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

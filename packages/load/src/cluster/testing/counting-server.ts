/** A small HTTP server that counts what it receives, and when it last did. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CountingServer {
  readonly port: number
  readonly received: Map<string, number>
  /** On `performance.now`. */
  readonly lastMs: () => number
  readonly close: () => void
}

export async function countingServer(): Promise<CountingServer> {
  const received = new Map<string, number>()
  let lastMs = 0
  const server = createServer((request, response) => {
    lastMs = performance.now()
    const path = request.url ?? ''
    received.set(path, (received.get(path) ?? 0) + 1)
    response.end('fine')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    received,
    lastMs: () => lastMs,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

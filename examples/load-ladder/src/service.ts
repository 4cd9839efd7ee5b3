/** The API that climbs: `GET /customers/:id/orders`, the open orders of a customer, newest first. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'pg'

export interface ServiceOptions {
  readonly databaseUrl: string
  /** How long an answer is kept; 0 for no cache. */
  readonly cacheMs: number
}

export interface Service {
  readonly port: number
  close(): Promise<void>
}

const connections = 8

export async function startService({ databaseUrl, cacheMs }: ServiceOptions): Promise<Service> {
  const pool = new Pool({ connectionString: databaseUrl, max: connections })
  const openOrders = cacheMs > 0 ? cached(fromDatabase(pool), cacheMs) : fromDatabase(pool)
  const server = createServer((request, response) => {
    const customer = /^\/customers\/(\d+)\/orders$/.exec(request.url ?? '')?.[1]
    if (customer === undefined) return void response.writeHead(404).end()
    openOrders(Number(customer)).then(
      body => response.setHeader('content-type', 'application/json').end(body),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
      await pool.end()
    },
  }
}

type OpenOrders = (customer: number) => Promise<string>

function fromDatabase(pool: Pool): OpenOrders {
  return async customer => {
    const { rows } = await pool.query(
      `SELECT id, total, created_at FROM orders
       WHERE customer_id = $1 AND status = 'open' ORDER BY created_at DESC LIMIT 20`,
      [customer],
    )
    return JSON.stringify(rows)
  }
}

const mostEntries = 10_000

/** Keeps the promise rather than the answer, so that a crowd at an empty cache asks the database once. */
function cached(ask: OpenOrders, ttlMs: number): OpenOrders {
  const kept = new Map<number, { readonly answer: Promise<string>; readonly untilMs: number }>()
  return customer => {
    const known = kept.get(customer)
    if (known && known.untilMs > performance.now()) return known.answer
    const answer = ask(customer)
    if (kept.size >= mostEntries) kept.clear()
    kept.set(customer, { answer, untilMs: performance.now() + ttlMs })
    // A failure is not worth keeping.
    answer.catch(() => kept.delete(customer))
    return answer
  }
}

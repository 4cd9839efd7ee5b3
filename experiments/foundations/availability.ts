/** SIGTERM under 200 requests a second: a handler that exits at once, against one that answers what is under way first. */
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { defineDrill, spread } from '../define.ts'

const orders = (server: FastifyInstance) =>
  void server.get<{ Params: { id: string } }>('/orders/:id', async ({ params }) => {
    await delay(80)
    return { id: Number(params.id) }
  })

export const experiment = defineDrill({
  practice: 'availability',
  drill: 'stop',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /orders/:id', paths: spread(2_000, id => `/orders/${id}`) }],
  load: { ratePerSecond: 200, durationMs: 6_000 },
  before: { app: orders, terminate: () => process.exit(0) },
  after: { app: orders, terminate: server => void server.close().then(() => process.exit(0)) },
  expects: { atLeast: 5 },
})

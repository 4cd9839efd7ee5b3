/** Listeners that every request adds to one emitter and nobody takes off, against ones that go with their request: the profile names who adds them. */
import { EventEmitter } from 'node:events'
import type { FastifyInstance } from 'fastify'
import { defineDrill, spread } from '../define.ts'
import { answerKeptHeap } from '../kept-heap.ts'

function prices(server: FastifyInstance, isTakenOff: boolean): void {
  const changes = new EventEmitter().setMaxListeners(0)
  function watch(id: string): () => void {
    const history = Array.from({ length: 3_000 }, (_, step) => Number(id) + step)
    const listener = (price: number) => void history.push(price)
    changes.on('price', listener)
    return () => void changes.off('price', listener)
  }
  server.get<{ Params: { id: string } }>('/prices/:id', async ({ params }) => {
    const stop = watch(params.id)
    await new Promise(resolve => setTimeout(resolve, 5))
    if (isTakenOff) stop()
    return { price: Number(params.id) * 3 }
  })
  answerKeptHeap(server)
}

export const experiment = defineDrill({
  practice: 'memory-profiling',
  drill: 'memory',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /prices/:id', paths: spread(5_000, id => `/prices/${id}`) }],
  load: { ratePerSecond: 80, durationMs: 12_000 },
  before: { app: server => prices(server, false) },
  after: { app: server => prices(server, true) },
  expects: { atLeast: 10 },
})

/** A Map that remembers every request for ever, against one that remembers the last hundred. */
import type { FastifyInstance } from 'fastify'
import { defineDrill, spread } from '../define.ts'
import { answerKeptHeap } from '../kept-heap.ts'

interface Visit {
  readonly at: number
  readonly trail: readonly string[]
}

const trailOf = (id: string, visit: number) => Array.from({ length: 600 }, (_, step) => `${id}/${visit}/${step}`)

function visits(server: FastifyInstance, mostKept: number): void {
  const kept = new Map<string, Visit>()
  let visit = 0
  function remember(id: string): number {
    kept.set(`${id} ${++visit}`, { at: Date.now(), trail: trailOf(id, visit) })
    const oldest = kept.keys().next().value
    if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest)
    return visit
  }
  server.get<{ Params: { id: string } }>('/visits/:id', ({ params }) => ({ seen: remember(params.id) > 0 }))
  answerKeptHeap(server)
}

export const experiment = defineDrill({
  practice: 'memory-leak',
  drill: 'memory',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /visits/:id', paths: spread(5_000, id => `/visits/${id}`) }],
  load: { ratePerSecond: 80, durationMs: 12_000 },
  before: { app: server => visits(server, Infinity) },
  after: { app: server => visits(server, 100) },
  expects: { atLeast: 10 },
})

/** Two threads that count figures nobody asked for and fill all cores of a small machine, against the same service without them. */
import { Worker } from 'node:worker_threads'
import type { FastifyInstance } from 'fastify'
import { defineExperiment, spread } from '../define.ts'

const counting = `let sum = 0
for (let step = 0; ; step++) sum = (sum * 31 + step) % 1_000_003`

function totals(server: FastifyInstance): void {
  server.get<{ Params: { id: string } }>('/totals/:id', ({ params }) => {
    let sum = Number(params.id)
    for (let step = 0; step < 3_000_000; step++) sum = (sum * 31 + step) % 1_000_003
    return { sum }
  })
}

export const experiment = defineExperiment({
  practice: 'use-method',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /totals/:id', paths: spread(1_000, id => `/totals/${id}`) }],
  load: { ratePerSecond: 15, durationMs: 10_000 },
  before: {
    app(server) {
      totals(server)
      for (let thread = 0; thread < 2; thread++) new Worker(counting, { eval: true }).unref()
    },
  },
  after: { app: totals },
  answer: 'same',
  expects: { metric: 'cpu', atLeast: 3 },
})

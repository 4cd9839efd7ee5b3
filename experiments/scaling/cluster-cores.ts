/** One process that computes twelve milliseconds for each of seventy requests a second, against two that share them. */
import type { FastifyInstance } from 'fastify'
import { defineExperiment, spread } from '../define.ts'

function addUp(seed: number): number {
  let sum = seed
  for (let step = 0; step < 2_000_000; step++) sum = (sum * 31 + step) % 1_000_003
  return sum
}

const sums = (server: FastifyInstance) =>
  void server.get<{ Params: { seed: string } }>('/sums/:seed', ({ params }) => ({ sum: addUp(Number(params.seed)) }))

export const experiment = defineExperiment({
  practice: 'cluster-cores',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /sums/:seed', paths: spread(1_000, seed => `/sums/${seed}`) }],
  load: { ratePerSecond: 75, durationMs: 12_000 },
  before: { app: sums },
  after: { app: sums, workers: 2 },
  answer: 'same',
  expects: { metric: 'p95', atLeast: 1.5 },
})

/** A sum of 120 ms on the main thread, for which every other request waits, against the same sum on a worker thread. */
import { Worker } from 'node:worker_threads'
import { defineExperiment, spread } from '../define.ts'

function addUp(seed: number): number {
  let sum = seed
  for (let step = 0; step < 20_000_000; step++) sum = (sum * 31 + step) % 1_000_003
  return sum
}

/** One worker that takes one sum after another. */
function sumsElsewhere(): (seed: number) => Promise<number> {
  const code = `const { parentPort } = require('node:worker_threads')
    const __name = work => work
    ${addUp.toString()}
    parentPort.on('message', ({ id, seed }) => parentPort.postMessage({ id, sum: addUp(seed) }))`
  const worker = new Worker(code, { eval: true })
  const waiting = new Map<number, (sum: number) => void>()
  let last = 0
  worker.on('message', ({ id, sum }: { id: number; sum: number }) => {
    waiting.get(id)?.(sum)
    waiting.delete(id)
  })
  return async seed =>
    new Promise(resolve => {
      waiting.set(++last, resolve)
      worker.postMessage({ id: last, seed })
    })
}

export const experiment = defineExperiment({
  practice: 'event-loop-blocking',
  database: 'CREATE TABLE unused (id int)',
  requests: [
    { route: 'GET /ping', paths: ['/ping'], weight: 20 },
    { route: 'GET /report', paths: spread(1_000, id => `/report?seed=${id}`), weight: 1 },
  ],
  load: { ratePerSecond: 42, durationMs: 10_000 },
  before: {
    app(server) {
      server.get('/ping', () => ({ alive: true }))
      server.get<{ Querystring: { seed: string } }>('/report', ({ query }) => ({ sum: addUp(Number(query.seed)) }))
    },
  },
  after: {
    app(server) {
      const sumOf = sumsElsewhere()
      server.get('/ping', () => ({ alive: true }))
      server.get<{ Querystring: { seed: string } }>('/report', async ({ query }) => ({
        sum: await sumOf(Number(query.seed)),
      }))
    },
  },
  answer: 'same',
  expects: { metric: 'p95', route: 'GET /ping', atLeast: 3 },
})

/** Routes through a small map, found anew for each request on the one thread that serves them all, against found once for each start. */
import { Cache } from '@whetstone/runtime/cache'
import type { ExperimentArm } from '../define.ts'
import { defineExperiment } from '../define.ts'

const places = 120

/** Where one can go from a place, and how far that is; the same on every machine. */
const roads = Array.from({ length: places }, (_, from) =>
  Array.from({ length: places }, (_unused, to) => (from === to ? 0 : 1 + ((from * 7919 + to * 104_729) % 997))),
)

/** Floyd and Warshall over all places, of which one row is answered: more than is needed, as such code often is. */
function distances(start: number): readonly number[] {
  const table = roads.map(row => [...row])
  for (let via = 0; via < places; via++)
    for (let from = 0; from < places; from++)
      for (let to = 0; to < places; to++)
        table[from]![to] = Math.min(table[from]![to]!, table[from]![via]! + table[via]![to]!)
  return table[start]!
}

const map =
  (find: (start: number) => Promise<readonly number[]> | readonly number[]): ExperimentArm['app'] =>
  server => {
    server.get<{ Params: { start: string } }>('/distances/:start', async function nearest(request) {
      return { distances: await find(Number(request.params.start)) }
    })
  }

const kept = (): ((start: number) => Promise<readonly number[]>) => {
  const cache = new Cache({ name: 'distances', maxEntries: 100, defaults: { ttlMs: 300_000 } })
  return start => cache.getOrLoad(String(start), () => distances(start))
}

/** Few starts are asked for most of the time (Zipf, exponent 1). */
const paths = Array.from({ length: 20 }, (_, at) => at).flatMap(rank =>
  Array.from({ length: Math.ceil(20 / (rank + 1)) }, () => `/distances/${(rank * 7) % 20}`),
)

export const experiment = defineExperiment({
  practice: 'cache-expensive-computations',
  database: 'CREATE TABLE places (id int PRIMARY KEY)',
  requests: [{ route: 'GET /distances/:start', paths }],
  load: { ratePerSecond: 40, durationMs: 10_000 },
  before: { app: map(distances) },
  after: { app: map(kept()) },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 2 },
})

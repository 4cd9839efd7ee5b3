/** One of four routes that renders its list anew for every request, against one that renders it once: the CPU of a request tells what it saves. */
import type { FastifyInstance } from 'fastify'
import { defineExperiment, spread } from '../define.ts'

const items = Array.from({ length: 8_000 }, (_, id) => ({ id, name: `item ${(id * 7_919) % 8_000}`, price: id % 97 }))

/** Work spread over many small functions: no single one of them is hot. */
function rendered(): string {
  return items
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map(({ id, name, price }) => `<li id="${id}">${name.toUpperCase()} ${price.toFixed(2)}</li>`)
    .join('')
}

function shop(server: FastifyInstance, list: () => string): void {
  server.get('/list', () => ({ list: list().length }))
  for (const name of ['price', 'name', 'stock'])
    server.get<{ Params: { id: string } }>(`/${name}/:id`, ({ params }) => ({ [name]: items[Number(params.id)]?.name }))
}

const once = (): (() => string) => {
  let kept: string | undefined
  return () => (kept ??= rendered())
}

export const experiment = defineExperiment({
  practice: 'resource-efficiency',
  database: 'CREATE TABLE unused (id int)',
  requests: [
    { route: 'GET /list', paths: ['/list'] },
    ...['price', 'name', 'stock'].map(name => ({
      route: `GET /${name}/:id`,
      paths: spread(2_000, id => `/${name}/${id}`),
    })),
  ],
  load: { ratePerSecond: 60, durationMs: 12_000 },
  before: { app: server => shop(server, rendered) },
  after: { app: server => shop(server, once()) },
  answer: 'same',
  expects: { metric: 'cpu', atLeast: 2 },
})

/** A client that holds three quarters of the products asks whether they changed: the whole body again, or 304. */
import { createHash } from 'node:crypto'
import { httpCache } from '@whetstone/runtime/cache/http/fastify'
import { defineExperiment, equivalent } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const ids = Array.from({ length: 60 }, (_, index) => index + 1)

const product = (id: number) => ({
  id,
  reviews: Array.from({ length: 300 }, (_, index) => `review ${index} of product ${id} says that it is good enough`),
})

function tagOf(body: string): string {
  return `"${createHash('sha1').update(body).digest('base64url')}"`
}

const held = ids
  .filter(id => id % 4 !== 0)
  .map(id => tagOf(JSON.stringify(product(id))))
  .join(', ')

const products: ExperimentArm['app'] = server => {
  server.get<{ Params: { id: string } }>('/products/:id', (request, reply) => {
    const body = JSON.stringify(product(Number(request.params.id)))
    return reply.header('etag', tagOf(body)).header('cache-control', 'no-cache').type('application/json').send(body)
  })
}

export const experiment = defineExperiment({
  practice: 'etag-validation',
  database: 'CREATE TABLE unused (id int)',
  requests: [
    { route: 'GET /products/:id', paths: ids.map(id => `/products/${id}`), headers: { 'if-none-match': held } },
  ],
  load: { ratePerSecond: 40, durationMs: 8_000 },
  before: { app: products },
  after: {
    app: async (server, context) => {
      // It compares the tags that the handlers set.
      await server.register(httpCache)
      await products(server, context)
    },
  },
  // An empty answer is the 304 of a client that holds the body.
  answer: equivalent((before, after) => after === before || after === ''),
  expects: { metric: 'bytes', atLeast: 2 },
})

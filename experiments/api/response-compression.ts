/** A list of 100 kB as it is, and the same list under gzip for those who accept it. */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { defineExperiment } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const compress = promisify(gzip)
const products = Array.from({ length: 900 }, (_, id) => ({
  id,
  name: `product number ${id}`,
  colour: ['red', 'green', 'blue'][id % 3],
  description: `A useful thing of kind ${id % 17}, sold in boxes of ${id % 12}.`,
}))

const before: ExperimentArm['app'] = server => {
  server.get('/products', () => products)
}

export const experiment = defineExperiment({
  practice: 'response-compression',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /products', paths: ['/products'] }],
  load: { ratePerSecond: 30, durationMs: 8_000 },
  before: { app: before },
  after: {
    async app(server, context) {
      server.addHook('onSend', async (request, reply, payload) => {
        void reply.header('vary', 'accept-encoding')
        const accepts = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
        if (!accepts || typeof payload !== 'string' || payload.length < 1_434) return payload
        void reply.header('content-encoding', 'gzip')
        return compress(payload, { level: 5 })
      })
      await before(server, context)
    },
  },
  answer: 'same',
  expects: { metric: 'bytes', atLeast: 3 },
})

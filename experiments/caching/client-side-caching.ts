/** Eight files named by their content: asked for again on each visit, as static middlewares have it by default, or kept for a year. */
import { createHash } from 'node:crypto'
import { cacheControl } from '@whetstone/runtime/cache/http'
import { httpCache } from '@whetstone/runtime/cache/http/fastify'
import { defineDrill } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const files = new Map<string, string>(
  Array.from({ length: 8 }, (_, index) => {
    const body = `export const part = ${index}\n${'console.log("what everybody loads")\n'.repeat(700)}`
    return [`part-${createHash('sha256').update(body).digest('hex').slice(0, 12)}.js`, body] as const
  }),
)

const assets =
  (control: string): ExperimentArm['app'] =>
  async server => {
    // Tags and 304 in both arms: what is asked again costs no body.
    await server.register(httpCache)
    server.get<{ Params: { file: string } }>('/assets/:file', (request, reply) => {
      const body = files.get(request.params.file)
      if (body === undefined) return reply.code(404).send()
      return reply.header('cache-control', control).type('text/javascript').send(body)
    })
  }

export const experiment = defineDrill({
  practice: 'client-side-caching',
  drill: 'second-visit',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /assets/:file', paths: [...files.keys()].map(file => `/assets/${file}`) }],
  load: { ratePerSecond: 40, durationMs: 4_000 },
  before: { app: assets('public, max-age=0') },
  after: { app: assets(cacheControl.immutable()) },
  expects: { atLeast: 1_000 },
})

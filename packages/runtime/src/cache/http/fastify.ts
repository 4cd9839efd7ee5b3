/** HTTP caching as a plugin of Fastify 4 and 5. */
import type { FastifyPluginCallback } from 'fastify'
import { exchange } from './node-exchange.ts'
import type { HttpCacheOptions } from './options.ts'

/**
 * For every route of the scope it is registered in, before plugins that read cookies or set headers.
 *
 * ```ts
 * await server.register(httpCache, { cache: new ResponseCache({ store: new Cache() }) })
 * ```
 */
export const httpCache: FastifyPluginCallback<HttpCacheOptions> = (server, options, done) => {
  server.addHook('onRequest', async (request, reply) => {
    // Served from the cache, the answer goes past the reply, with what was said on it before.
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value)
    if (await exchange(options, request.raw, reply.raw)) reply.hijack()
  })
  done()
}

// Not a scope of its own: what Fastify's own `fastify-plugin` does.
Object.assign(httpCache, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'whetstone-http-cache',
})

/** Fastify tells when an instance is made: its hooks then name every route and every request's route. */
import diagnostics from 'node:diagnostics_channel'
import { captureCallSite } from '../call-site.ts'
import { attachedRequest } from '../context.ts'
import { failed } from '../guard.ts'
import { announceRoute } from '../route-registry.ts'

interface RouteOptions {
  readonly method: string | readonly string[]
  readonly url: string
}
interface FastifyRequest {
  readonly raw: object
  readonly routeOptions?: { readonly url?: string }
  /** Where version 4 kept it before `routeOptions`. */
  readonly context?: { readonly config?: { readonly url?: string } }
}
interface FastifyInstance {
  addHook(name: 'onRoute', hook: (options: RouteOptions) => void): void
  addHook(name: 'onRequest', hook: (request: FastifyRequest, reply: unknown, done: () => void) => void): void
}

export function hookFastify(): void {
  diagnostics.subscribe('fastify.initialization', message => {
    try {
      watch((message as { readonly fastify: FastifyInstance }).fastify)
    } catch (error) {
      failed(error)
    }
  })
}

function watch(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', function onRoute({ method, url }) {
    const methods = typeof method === 'string' ? [method] : method
    for (const one of methods) if (one !== 'HEAD') announceRoute(one, url, 'fastify', captureCallSite(onRoute).site)
  })
  fastify.addHook('onRequest', (request, _reply, done) => {
    const record = attachedRequest(request.raw)
    if (record !== undefined) {
      record.isRouted = true
      record.pattern = request.routeOptions ? request.routeOptions.url : request.context?.config?.url
    }
    done()
  })
}

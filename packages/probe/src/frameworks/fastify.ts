/** Fastify tells when an instance is made: its hooks then name every route and every request's route. */
import diagnostics from 'node:diagnostics_channel'
import { captureCallSite } from '../call-site.ts'
import { attachedRequest } from '../context.ts'
import { failed } from '../guard.ts'
import { announceRoute } from '../route-registry.ts'

interface RouteOptions {
  readonly method: string | readonly string[]
  readonly url: string
  readonly handler: unknown
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
  const handlers = new Map<string, unknown>()
  const repeated = new Set<string>()
  fastify.addHook('onRoute', function onRoute({ method, url, handler }) {
    // A plugin's `/` is registered with and without its slash: one route, named without.
    const plain = withoutSlash(url)
    if (plain !== url && handlers.get(plain) === handler) repeated.add(url)
    handlers.set(url, handler)
    const methods = typeof method === 'string' ? [method] : method
    const announced = methods.filter(one => one !== 'HEAD' && !repeated.has(url))
    for (const one of announced) announceRoute(one, url, 'fastify', captureCallSite(onRoute).site)
  })
  fastify.addHook('onRequest', (request, _reply, done) => {
    const record = attachedRequest(request.raw)
    if (record !== undefined) {
      const url = request.routeOptions ? request.routeOptions.url : request.context?.config?.url
      record.isRouted = true
      record.pattern = url !== undefined && repeated.has(url) ? withoutSlash(url) : url
    }
    done()
  })
}

function withoutSlash(url: string): string {
  return url.length > 1 && url.endsWith('/') ? url.slice(0, -1) : url
}

/** Koa: its router leaves the pattern it matched on the context, which is read when the request ends. */
import type { IncomingMessage } from 'node:http'
import { attachedRequest } from '../context.ts'
import { failed } from '../guard.ts'
import type { ModuleHook } from '../module-loading.ts'
import { announceRoute } from '../route-registry.ts'

interface Context {
  readonly _matchedRoute?: unknown
}
interface Layer {
  readonly path: unknown
  readonly methods: readonly string[]
}
interface Application {
  readonly middleware: readonly { readonly router?: { readonly stack?: readonly Layer[] } }[]
}
interface Prototype {
  createContext(this: unknown, request: IncomingMessage, response: unknown): Context
  callback(this: Application): unknown
  use(this: Application, middleware: unknown): unknown
}

export const koaHooks: readonly ModuleHook[] = [
  {
    file: /\/koa\/lib\/application\.js$/,
    patch: exports => hookApplication((exports as { prototype: Prototype }).prototype),
  },
]

const applications = new Set<Application>()
const applicationsKept = 100

function hookApplication(prototype: Prototype): void {
  const { createContext, callback, use } = prototype
  prototype.createContext = function (request, response) {
    const context = createContext.call(this, request, response)
    try {
      const record = attachedRequest(request)
      if (record !== undefined) {
        record.isRouted = true
        record.lateName = () => (context._matchedRoute === undefined ? undefined : String(context._matchedRoute))
      }
    } catch (error) {
      failed(error)
    }
    return context
  }
  prototype.callback = function () {
    remember(this)
    return callback.call(this)
  }
  // Who makes the callback with the first request would otherwise listen without any route known.
  prototype.use = function (middleware) {
    remember(this)
    return use.call(this, middleware)
  }
}

function remember(application: Application): void {
  if (applications.size < applicationsKept) applications.add(application)
}

/** Only routers directly on the application: where others are mounted the router does not say. */
export function announceKoaRoutes(): void {
  for (const application of applications)
    for (const { router } of application.middleware)
      for (const { path, methods } of router?.stack ?? [])
        for (const method of namedMethods(methods))
          if (method !== 'HEAD') announceRoute(method, String(path), 'koa', undefined)
  applications.clear()
}

/** `router.all` registers everything Node can parse, down to WebDAV; nobody writes ACL by hand. */
const namedMethods = (methods: readonly string[]): readonly string[] => (methods.includes('ACL') ? ['all'] : methods)

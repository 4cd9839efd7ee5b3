/** Express 4 and 5 (and NestJS on them): the pattern of the route that dispatched a request, mounted routers included. */
import type { Site } from '@whetstone/model'
import { captureCallSite } from '../call-site.ts'
import { attachedRequest } from '../context.ts'
import { failed } from '../guard.ts'
import { OFF, wantedLevel } from '../level.ts'
import type { ModuleHook } from '../module-loading.ts'
import type { RequestRecord } from '../request-record.ts'
import { joinPattern } from '../route-name.ts'
import { announceRoute } from '../route-registry.ts'

type Handler = (this: unknown, ...args: unknown[]) => unknown
interface ExpressRequest {
  readonly baseUrl?: string
}
interface Layer {
  handle: Handler & { readonly stack?: readonly Layer[] }
  readonly route?: Route
}
interface Route {
  readonly path: unknown
  readonly methods: Readonly<Record<string, boolean>>
}
interface Router {
  readonly stack: readonly Layer[]
}
interface Application {
  readonly parent?: Application
  readonly mountpath?: string | readonly string[]
  readonly _router?: Router
  readonly router?: Router
}
type Patchable = Record<string, Handler>

/** Shapes are checked, because other packages have files of these names. */
export const expressHooks: readonly ModuleHook[] = [
  {
    file: /\/router\/(?:lib\/)?route\.js$/,
    patch: exports => hookRoute((exports as { prototype?: Patchable }).prototype),
  },
  { file: /\/router\/index\.js$/, patch: exports => hookRouter(exports as Patchable & { prototype?: Patchable }) },
  { file: /\/express\/lib\/application\.js$/, patch: exports => hookApplication(exports as Patchable) },
]

function hookRoute(prototype: Patchable | undefined): void {
  const dispatch = prototype?.['dispatch']
  if (prototype === undefined || typeof dispatch !== 'function') return
  // Three parameters, because Express tells handlers by their number.
  prototype['dispatch'] = function (this: unknown, request, _response, _next) {
    const record = attachedRequest(request as object)
    if (record !== undefined) record.pattern = patternOf(record, request as ExpressRequest, (this as Route).path)
    return Reflect.apply(dispatch, this, arguments as unknown as unknown[])
  }
  for (const method of ['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'all'])
    hookMethod(prototype, method)
}

const sites = new WeakMap<Route, Site>()
let hasNewRoutes = false

function hookMethod(prototype: Patchable, method: string): void {
  const original = prototype[method]
  if (typeof original !== 'function') return
  prototype[method] = function registered(this: unknown, ...args) {
    try {
      if (wantedLevel() > OFF) {
        hasNewRoutes = true
        const { site } = captureCallSite(registered)
        if (site !== undefined && !sites.has(this as Route)) sites.set(this as Route, site)
      }
    } catch (error) {
      failed(error)
    }
    return Reflect.apply(original, this, args)
  }
}

/** Version 4 keeps its methods on the exported function, version 5 on its prototype. */
function hookRouter(exports: Patchable & { prototype?: Patchable }): void {
  const holder = typeof exports['use'] === 'function' ? exports : exports.prototype
  const use = holder?.['use']
  const handle = holder?.['handle']
  if (holder === undefined || typeof use !== 'function' || typeof handle !== 'function') return
  holder['handle'] = function (this: unknown, request, _response, _next) {
    const record = attachedRequest(request as object)
    if (record !== undefined) record.isRouted = true
    return Reflect.apply(handle, this, arguments as unknown as unknown[])
  }
  holder['use'] = function (this: unknown, ...args) {
    const before = (this as Router).stack.length
    const result = Reflect.apply(use, this, args)
    try {
      const path = typeof args[0] === 'function' ? '/' : pathText(args[0])
      for (const layer of (this as Router).stack.slice(before)) mount(layer, path)
    } catch (error) {
      failed(error)
    }
    return result
  }
}

const mountPaths = new WeakMap<Layer, string>()

/** Only a mount with parameters needs watching: elsewhere `baseUrl` is the pattern. */
function mount(layer: Layer, path: string): void {
  mountPaths.set(layer, path)
  const inner = layer.handle
  if (!/[:*(]/.test(path) || inner.length > 3) return
  const segments = path.split('/').filter(segment => segment !== '').length
  const watched = function (this: unknown, request: unknown, _response: unknown, _next: unknown): unknown {
    const record = attachedRequest(request as object)
    const base = (request as ExpressRequest).baseUrl ?? ''
    if (record !== undefined) {
      const parent = base.split('/').slice(0, -segments).join('/')
      record.mounts ??= new Map()
      record.mounts.set(base, joinPattern(baseOf(record, parent), path))
    }
    return Reflect.apply(inner, this, arguments as unknown as unknown[])
  }
  layer.handle = Object.assign(watched, inner) as Layer['handle']
}

function patternOf(record: RequestRecord, { baseUrl }: ExpressRequest, path: unknown): string {
  if (!baseUrl && typeof path === 'string') return path
  return joinPattern(baseOf(record, baseUrl ?? ''), pathText(path))
}

/** The mounts with parameters put back into a concrete base: the longest one that fits. */
function baseOf({ mounts }: RequestRecord, base: string): string {
  let longest = ''
  for (const concrete of mounts?.keys() ?? [])
    if (concrete.length > longest.length && (base === concrete || base.startsWith(`${concrete}/`))) longest = concrete
  return longest === '' ? base : mounts!.get(longest)! + base.slice(longest.length)
}

function pathText(path: unknown): string {
  return Array.isArray(path) ? pathText(path[0]) : String(path)
}

const applicationsKept = 200
const applications = new Set<Application>()

function hookApplication(prototype: Patchable): void {
  const init = prototype['init']
  if (typeof init !== 'function') return
  prototype['init'] = function (this: unknown, ...args) {
    if (applications.size < applicationsKept) applications.add(this as Application)
    return Reflect.apply(init, this, args)
  }
}

/** Where routers are mounted is only known once they all are, so routes are announced from the tree and not as they come. */
export function announceExpressRoutes(): void {
  if (!hasNewRoutes) return
  hasNewRoutes = false
  for (const application of applications) walk(routerOf(application), mountOf(application), 0)
}

function routerOf(application: Application): Router | undefined {
  // In version 4 reading `router` throws.
  return application._router ?? ('lazyrouter' in application ? undefined : application.router)
}

function mountOf({ parent, mountpath }: Application): string {
  return parent ? joinPattern(mountOf(parent), pathText(mountpath ?? '/')) : ''
}

const deepestRouter = 10

function walk(router: Router | undefined, base: string, depth: number): void {
  if (!Array.isArray(router?.stack) || depth > deepestRouter) return
  for (const layer of router.stack) {
    if (layer.route !== undefined) {
      const methods = layer.route.methods['_all'] ? ['all'] : Object.keys(layer.route.methods)
      const pattern = joinPattern(base, pathText(layer.route.path))
      for (const method of methods) announceRoute(method, pattern, 'express', sites.get(layer.route))
    } else if (layer.handle.stack !== undefined) {
      walk(layer.handle as unknown as Router, joinPattern(base, mountPaths.get(layer) ?? '/'), depth + 1)
    }
  }
}

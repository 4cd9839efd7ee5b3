/** Where finished requests are added up: one entry a route, and one for what runs outside any request. */
import type { ProbeAggregates, RouteName, SyncCall, Trace } from '@whetstone/model'
import { BoundedMap } from './bounded-map.ts'
import { wallClock } from './clock.ts'
import { takeCacheOverflow } from './cache/cache-uses.ts'
import type { CacheUseRecord } from './cache/cache-uses.ts'
import { Exemplars } from './exemplars.ts'
import { level, TRACE } from './level.ts'
import { UseRecord } from './request-record.ts'
import type { RequestRecord, SyncRecord } from './request-record.ts'
import { collapsePath } from './route-name.ts'
import { type LastSites, RouteFigures } from './route-figures.ts'
import { takeOverflowed } from './statements.ts'
import type { StatementRecord } from './statements.ts'

interface Route {
  readonly figures: RouteFigures
  readonly exemplars: Exemplars
}
const routesKept = 500
const otherRoutes = '(more routes than the probe keeps apart)'
const unmatched = '(unmatched)'

let routesByMethod = new Map<string, Map<string, Route>>()
let routeCount = 0
let background = new RouteFigures('')
/** They outlive a reset: the stacks of a statement are read at its first calls, and those were the warm-up. */
const lastSites = new BoundedMap<RouteName, LastSites>(routesKept)

export let generation = 1
let begun = 0
let onBegin: (() => void) | undefined
let served = 0
let servedAtLastSample = 0

export function finishRequest(
  record: RequestRecord,
  durationMs: number,
  statusCode: number,
  responseBytes: number,
): void {
  served++
  if (record.generation !== generation) return
  const { figures, exemplars } = routeOf(record, statusCode)
  record.caches?.end()
  if (record.syncCalls !== undefined) for (const call of record.syncCalls) addSyncCall(call, figures.name)
  figures.add(record, durationMs, statusCode >= 500 || statusCode === 0, responseBytes)
  if (level >= TRACE)
    exemplars.offer({ record, durationMs, statusCode, responseBytes, startedAtMs: wallClock() - durationMs })
}

/** A statement that ran outside any request: a job, a poll, the start of the service. */
export function addBackgroundUse(statement: StatementRecord, durationMs: number, rows: number, failed: boolean): void {
  const use = new UseRecord(statement, undefined)
  use.calls = 1
  use.totalMs = use.maxMs = durationMs
  use.rows = rows
  if (failed) use.errors = 1
  background.addUse(use)
}

/** A command to a cache outside any request. */
export function addBackgroundCache(use: CacheUseRecord): void {
  background.cacheUses.add(use)
}

/** Requests finished since the last call. */
export function takeFinishedRequests(): number {
  const count = served - servedAtLastSample
  servedAtLastSample = served
  return count
}

export function beginRequest(): void {
  begun++
  onBegin?.()
}

/** Called at the beginning of every request from now on. */
export function whenRequestBegins(run: () => void): void {
  onBegin = run
}

/** Requests that arrived since the process began. */
export function requestsBegun(): number {
  return begun
}

/** Requests finished since the process began. */
export function requestsServed(): number {
  return served
}

const syncCallsKept = 1_000
let syncCalls = new Map<string, SyncCall>()

function addSyncCall({ name, site, calls, totalMs, maxMs }: SyncRecord, route: string): void {
  const frame = site?.[0]
  const key = `${name} ${route} ${frame?.file}:${frame?.line}`
  const known = syncCalls.get(key)
  if (known === undefined && syncCalls.size >= syncCallsKept) return
  syncCalls.set(key, {
    name,
    route,
    ...(site && { site }),
    calls: calls + (known?.calls ?? 0),
    totalMs: totalMs + (known?.totalMs ?? 0),
    maxMs: Math.max(maxMs, known?.maxMs ?? 0),
  })
}

export function takeSyncCalls(): SyncCall[] {
  const taken = [...syncCalls.values()]
  syncCalls = new Map()
  return taken
}

export function takeAggregates(): ProbeAggregates | undefined {
  const figures = [...allRoutes()].map(route => route.figures)
  const routes = figures.flatMap(route => route.takeRoute() ?? [])
  const uses = [background, ...figures].flatMap(route => route.takeUses())
  const cacheUses = [background, ...figures].flatMap(route => route.takeCacheUses())
  const statementsOverflowed = takeOverflowed()
  const cacheOverflowed = takeCacheOverflow()
  if (routes.length + uses.length + cacheUses.length + statementsOverflowed + cacheOverflowed === 0) return undefined
  return {
    kind: 'aggregates',
    atMs: wallClock(),
    routes,
    uses,
    statementsOverflowed,
    ...(cacheUses.length > 0 && { cacheUses }),
    ...(cacheOverflowed > 0 && { cacheOverflowed }),
  }
}

export function takeTraces(): Trace[] {
  return [...allRoutes()].flatMap(({ figures, exemplars }) =>
    exemplars.take(figures.name, statement => figures.siteOf(statement, undefined)),
  )
}

/** Forgets everything so far; requests under way are not counted when they end. */
export function resetLedger(): void {
  generation++
  routesByMethod = new Map()
  routeCount = 0
  background = new RouteFigures('')
  syncCalls = new Map()
}

function* allRoutes(): Generator<Route> {
  for (const routes of routesByMethod.values()) yield* routes.values()
}

function routeOf(record: RequestRecord, statusCode: number): Route {
  let pattern = record.pattern ?? record.lateName?.()
  if (pattern === undefined) pattern = record.isRouted && statusCode === 404 ? unmatched : collapsePath(record.url)
  if (record.operation !== undefined) pattern = `${pattern} ${record.operation}`
  let routes = routesByMethod.get(record.method)
  if (routes === undefined) routesByMethod.set(record.method, (routes = new Map()))
  const known = routes.get(pattern)
  if (known) return known
  if (routeCount >= routesKept) return overflowRoute(record.method, routes)
  routeCount++
  return addRoute(routes, record.method, pattern)
}

function lastSitesOf(name: RouteName): LastSites {
  const known = lastSites.get(name)
  if (known !== undefined) return known
  const sites: LastSites = new Map()
  lastSites.set(name, sites)
  return sites
}

function overflowRoute(method: string, routes: Map<string, Route>): Route {
  return routes.get(otherRoutes) ?? addRoute(routes, method, otherRoutes)
}

function addRoute(routes: Map<string, Route>, method: string, pattern: string): Route {
  const name = `${method} ${pattern}`
  const route = { figures: new RouteFigures(name, lastSitesOf(name)), exemplars: new Exemplars() }
  routes.set(pattern, route)
  return route
}

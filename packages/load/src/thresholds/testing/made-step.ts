/** A step made from the answers of its intervals, with every total computed from them, as the engine would. */
import type { IntervalCell, LatencyRecord, LoadInterval, LoadStep, RouteLoad } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'

/** Some equal answers of one interval. */
export interface Answers {
  readonly route?: string
  /** 0 for a request without an answer. */
  readonly status?: number
  readonly count: number
  readonly responseMs: number
}

export const orders = 'GET /orders'

/** 100 answers a second. */
export function answers(responseMs: number, change: Partial<Answers> = {}): Answers {
  return { count: 100, responseMs, ...change }
}

/** `service` takes half of every response time. */
export function madeStep(perInterval: readonly (readonly Answers[])[], widthMs = 1000): LoadStep {
  const all = perInterval.flat()
  const durationMs = perInterval.length * widthMs
  const routes = [...new Set(all.map(routeOf))].map(route => routeLoad(route, all))
  const overall = latency(all)
  return {
    purpose: 'measure',
    startedAt: '2026-11-21T12:00:00.000Z',
    offeredRatePerSecond: 100,
    achievedRatePerSecond: durationMs === 0 ? 0 : (overall.requests * 1000) / durationMs,
    durationMs,
    arrivals: 'uniform',
    sent: overall.requests,
    completed: overall.requests,
    errors: overall.errors,
    errorsByKind: {},
    routes,
    overall,
    intervals: perInterval.map((of, index) => madeInterval(of, index * widthMs, widthMs)),
    generator: { verdict: 'healthy', reasons: [], lagP50Ms: 0.1, lagP99Ms: 0.4, lagMaxMs: 2, cpuFraction: 0.2 },
  }
}

export function madeInterval(of: readonly Answers[], atMs: number, durationMs = 1000): LoadInterval {
  const record = latency(of)
  const keys = [...new Set(of.map(one => `${routeOf(one)}\n${classOf(one)}`))]
  return {
    atMs,
    durationMs,
    requests: record.requests,
    errors: record.errors,
    response: record.response,
    lag: histogram(of.map(one => ({ ...one, responseMs: 0.1 }))),
    cells: keys.map((key): IntervalCell => {
      const [route, statusClass] = key.split('\n') as [string, string]
      const inCell = of.filter(one => routeOf(one) === route && classOf(one) === statusClass)
      return {
        route,
        statusClass,
        requests: countOf(inCell),
        response: histogram(inCell.filter(one => one.status !== 0)),
      }
    }),
  }
}

function routeLoad(route: string, all: readonly Answers[]): RouteLoad {
  const own = all.filter(one => routeOf(one) === route)
  const classes = [...new Set(own.filter(one => one.status !== 0).map(classOf))]
  return {
    route,
    ...latency(own),
    responseByStatusClass: Object.fromEntries(
      classes.map(name => [name, histogram(own.filter(one => classOf(one) === name))]),
    ),
    statusCounts: {},
    meanBodyBytes: 0,
    maxBodyBytes: 0,
  }
}

function latency(of: readonly Answers[]): LatencyRecord {
  const good = of.filter(one => !isError(one))
  return {
    requests: countOf(of),
    errors: countOf(of) - countOf(good),
    response: histogram(good),
    service: histogram(good.map(one => ({ ...one, responseMs: one.responseMs / 2 }))),
  }
}

function histogram(of: readonly Answers[]) {
  const made = new Histogram()
  for (const { responseMs, count } of of) made.record(responseMs * 1000, count)
  return made.toJSON()
}

function countOf(of: readonly Answers[]): number {
  return of.reduce((sum, { count }) => sum + count, 0)
}

function routeOf({ route = orders }: Answers): string {
  return route
}

function classOf({ status = 200 }: Answers): string {
  return status === 0 ? 'error' : `${Math.floor(status / 100)}xx`
}

function isError({ status = 200 }: Answers): boolean {
  return status === 0 || status >= 500
}

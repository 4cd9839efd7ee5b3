/** Turns what a load tool said, and what was seen inside the service, into the evidence of a load step, and says where it is less than it seems. */
import type { LatencyRecord, LoadInterval, LoadStep, RouteLoad, TracesEvidence } from '@whetstone/model'
import { msText, percentText } from '@whetstone/model'
import { guessPattern, matchPattern } from '@whetstone/load/import'
import { Histogram } from '@whetstone/stats'
import type { ToolReading, ToolSample } from './tool-reading.ts'

export interface StepContext {
  readonly startedAt: string
  readonly elapsedMs: number
  /** Of one core. */
  readonly cpuFraction: number | undefined
  readonly traces: TracesEvidence | undefined
}

export interface ReadStep {
  readonly step: LoadStep
  readonly warnings: readonly string[]
}

/** The tool's count and the service's may differ by requests that were under way when it stopped. */
const MATCHING_FRACTION = 0.02
const MATCHING_REQUESTS = 100

/** `undefined` when nothing tells how long requests took: neither the tool's samples nor traces of the service. */
export function stepOf(reading: ToolReading | undefined, context: StepContext): ReadStep | undefined {
  const seen = context.traces?.routes.reduce((sum, route) => sum + route.requests, 0) ?? 0
  const warnings = reading === undefined ? [] : warningsOf(reading)
  if (reading !== undefined && reading.samples.length > 0) return { step: stepOfSamples(reading, context), warnings }
  if (reading?.spectrum !== undefined && reading.spectrum.count > 0)
    return { step: stepOfSpectrum(reading, reading.spectrum, context), warnings }
  if (context.traces === undefined || seen === 0) return undefined
  const tool = reading?.tool ?? 'the load command'
  const missing = reading === undefined ? 0 : reading.requests - seen
  const differs =
    reading !== undefined && Math.abs(missing) > Math.max(MATCHING_REQUESTS, MATCHING_FRACTION * reading.requests)
  return {
    step: stepOfTraces(reading, context.traces, seen, context),
    warnings: [
      ...warnings,
      `latencies are those of the service itself, seen inside it for ${seen} requests: waiting on the way to it is not in them, for ${tool} writes down no single request`,
      ...(differs
        ? [
            `${tool} counted ${reading.requests} requests and the service ${seen}: some never reached it, or were not seen`,
          ]
        : []),
    ],
  }
}

function warningsOf({ tool, printed, notes }: ToolReading): string[] {
  const figures = printed
    .filter(({ quantile }) => quantile >= 0.5 && quantile <= 0.999)
    .map(({ quantile, ms }) => `p${Number((quantile * 100).toFixed(2))} ${msText(ms)}`)
  return [...notes, ...(figures.length === 0 ? [] : [`${tool} itself printed ${figures.join(', ')}`])]
}

const empty = new Histogram().toJSON()

function frame(
  reading: ToolReading | undefined,
  context: StepContext,
  durationMs: number,
  sent: number,
): Omit<LoadStep, 'routes' | 'overall' | 'intervals' | 'completed' | 'errors' | 'errorsByKind'> {
  const rate = durationMs > 0 ? (sent * 1_000) / durationMs : 0
  const hides = reading === undefined || reading.hides !== undefined
  const tool = reading?.tool ?? 'the load command'
  const reasons = [
    ...(reading === undefined
      ? ['the output of the load command is not understood: what it does about late starts is not known']
      : []),
    ...(reading?.hides === undefined
      ? []
      : [`${tool} hides late starts: ${reading.hides}; without --load the schedule is kept`]),
    ...(context.cpuFraction !== undefined && context.cpuFraction > 0.85
      ? [`${tool} used ${percentText(context.cpuFraction)} of a core`]
      : []),
  ]
  return {
    purpose: 'measure',
    startedAt: context.startedAt,
    offeredRatePerSecond: reading?.offeredRatePerSecond ?? rate,
    achievedRatePerSecond: rate,
    durationMs,
    arrivals: hides ? 'closed' : 'uniform',
    ...(hides && reading?.users !== undefined ? { users: reading.users } : {}),
    sent,
    // Its own lateness is nowhere written down: nothing is claimed about it but this verdict.
    generator: {
      verdict: reasons.length > 0 ? 'degraded' : 'healthy',
      reasons,
      lagP50Ms: 0,
      lagP99Ms: 0,
      lagMaxMs: 0,
      cpuFraction: context.cpuFraction ?? 0,
    },
  }
}

function stepOfTraces(
  reading: ToolReading | undefined,
  traces: TracesEvidence,
  seen: number,
  context: StepContext,
): LoadStep {
  const overall = new Histogram()
  const routes = traces.routes.map((route): RouteLoad => {
    overall.merge(Histogram.fromJSON(route.duration))
    const sizes = traces.traces.filter(trace => trace.route === route.route).map(trace => trace.responseBytes ?? 0)
    const mean = route.requests === 0 ? 0 : route.responseBytes / route.requests
    return {
      route: route.route,
      requests: route.requests,
      errors: route.errors,
      response: route.duration,
      service: route.duration,
      statusCounts: {},
      meanBodyBytes: mean,
      maxBodyBytes: Math.max(mean, ...sizes),
    }
  })
  const failed = traces.routes.reduce((sum, route) => sum + route.errors, 0)
  // The tool knows of connections that failed, the service of answers that did.
  const byTool = Object.entries(reading?.errorsByKind ?? {}).filter(([kind]) => !kind.startsWith('http-'))
  const errorsByKind = { ...Object.fromEntries(byTool), ...(failed > 0 ? { 'http-5xx': failed } : {}) }
  const errors = Object.values(errorsByKind).reduce((sum, count) => sum + count, 0)
  const requests = Math.max(reading?.requests ?? 0, seen)
  return {
    ...frame(reading, context, reading?.durationMs ?? context.elapsedMs, requests),
    completed: seen,
    errors,
    errorsByKind,
    routes,
    overall: { requests: seen, errors, response: overall.toJSON(), service: overall.toJSON() },
    intervals: [],
  }
}

/** Without routes of its own: the share of each is that of the traces, where there are any. */
function stepOfSpectrum(reading: ToolReading, spectrum: Histogram, context: StepContext): LoadStep {
  const errors = Object.values(reading.errorsByKind).reduce((sum, count) => sum + count, 0)
  const response = spectrum.toJSON()
  const seen = context.traces?.routes ?? []
  const routes = seen.length === 0 ? [] : stepOfTraces(reading, context.traces!, 0, context).routes
  return {
    ...frame(reading, context, reading.durationMs ?? context.elapsedMs, reading.requests),
    completed: reading.requests - errors,
    errors,
    errorsByKind: reading.errorsByKind,
    routes,
    overall: { requests: reading.requests, errors, response, service: empty },
    intervals: [],
  }
}

function stepOfSamples(reading: ToolReading, context: StepContext): LoadStep {
  const { samples } = reading
  const patterns = (context.traces?.routes ?? [])
    .map(({ route }) => route.split(' ')[1] ?? '')
    .filter(path => path.startsWith('/'))
  const startMs = samples.reduce((first, { atMs }) => Math.min(first, atMs), Infinity)
  const endMs = samples.reduce((last, { atMs, durationMs }) => Math.max(last, atMs + durationMs), -Infinity)
  const routes = new Map<string, Tally>()
  const seconds = new Map<number, Tally>()
  const overall = new Tally()
  for (const sample of samples) {
    const route = routeOf(sample, patterns)
    const second = Math.floor((sample.atMs + sample.durationMs - startMs) / 1_000)
    for (const tally of [overall, tallyOf(routes, route), tallyOf(seconds, second)]) tally.add(sample)
  }
  const durationMs = Math.max(1, endMs - startMs)
  return {
    ...frame(reading, { ...context, startedAt: new Date(startMs).toISOString() }, durationMs, samples.length),
    completed: samples.length - samples.filter(({ error }) => error !== undefined).length,
    errors: overall.errors,
    errorsByKind: overall.errorsByKind(),
    routes: [...routes].map(([route, tally]) => tally.toRoute(route)),
    overall: tally(overall),
    intervals: [...seconds]
      .sort(([a], [b]) => a - b)
      .map(([second, one]): LoadInterval => ({
        atMs: second * 1_000,
        durationMs: 1_000,
        requests: one.requests,
        errors: one.errors,
        response: one.response.toJSON(),
      })),
  }
}

function routeOf({ method, target }: ToolSample, patterns: readonly string[]): string {
  const path = URL.canParse(target)
    ? new URL(target).pathname
    : target.startsWith('/')
      ? target.split(/[?#]/, 1)[0]!
      : undefined
  if (path === undefined) return target.slice(0, 200) || 'unnamed'
  return `${method} ${matchPattern(path, patterns) ?? guessPattern(path)}`
}

function tallyOf<Key>(tallies: Map<Key, Tally>, key: Key): Tally {
  let tally = tallies.get(key)
  if (tally === undefined) tallies.set(key, (tally = new Tally()))
  return tally
}

function tally(one: Tally): LatencyRecord {
  const response = one.response.toJSON()
  return { requests: one.requests, errors: one.errors, response, service: response }
}

/** One route, one second, or all of it. A closed model has no schedule: response and service time are one. */
class Tally {
  readonly response = new Histogram()
  requests = 0
  errors = 0
  readonly #kinds: Record<string, number> = {}
  readonly #statuses: Record<string, number> = {}
  readonly #classes = new Map<string, Histogram>()
  #bytes = 0
  #maxBytes = 0
  #sized = 0

  add({ durationMs, status, error, bytes }: ToolSample): void {
    this.requests++
    if (status > 0) {
      this.#statuses[status] = (this.#statuses[status] ?? 0) + 1
      const name = `${Math.floor(status / 100)}xx`
      let histogram = this.#classes.get(name)
      if (histogram === undefined) this.#classes.set(name, (histogram = new Histogram()))
      histogram.record(durationMs * 1_000)
    }
    if (bytes !== undefined) {
      this.#sized++
      this.#bytes += bytes
      this.#maxBytes = Math.max(this.#maxBytes, bytes)
    }
    const kind = error ?? (status >= 500 ? `http-${status}` : undefined)
    if (kind === undefined) this.response.record(durationMs * 1_000)
    else {
      this.errors++
      this.#kinds[kind] = (this.#kinds[kind] ?? 0) + 1
    }
  }

  errorsByKind(): Record<string, number> {
    return { ...this.#kinds }
  }

  toRoute(route: string): RouteLoad {
    return {
      route,
      ...tally(this),
      errorsByKind: this.errorsByKind(),
      responseByStatusClass: Object.fromEntries([...this.#classes].map(([name, one]) => [name, one.toJSON()])),
      statusCounts: { ...this.#statuses },
      meanBodyBytes: this.#sized === 0 ? 0 : this.#bytes / this.#sized,
      maxBodyBytes: this.#maxBytes,
    }
  }
}

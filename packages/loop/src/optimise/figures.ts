/** What the whole evidence says that a single trace does not: the cost of a round trip, CPU a call, pool, cores, rates. */
import type { Evidence, HostEvidence, LoadStep, RouteName, SerializedHistogram, Span, Trace } from '@whetstone/model'
import { Histogram, quantile } from '@whetstone/stats'
import { draftOf, gapsOf } from './replay.ts'

export interface Figures {
  /** Fair samples only: percentiles must not be taken over the slowest. */
  readonly tracesByRoute: ReadonlyMap<RouteName, readonly Trace[]>
  /** What a query costs beyond its execution on the server: driver, network, planning. No query takes less. */
  readonly roundTripMs: number
  /** The same of its fastest runs. */
  readonly fastestRoundTripMs: number
  /** The statement that told it, where its rows are part of what it told. */
  readonly roundTripOf: string | undefined
  /** Mean execution on the server, by statement id; empty where the server was not asked. */
  readonly executionMs: ReadonlyMap<string, number>
  /** Runs of a statement, or of an outbound call, by `keyOf`. */
  readonly runs: ReadonlyMap<string, RunFigures>
  /** Main-thread CPU of one call, the request itself counting as one. Undefined where the process was not watched. */
  readonly cpuPerCallMs: number | undefined
  /** The service's own time in a request, all routes by their share: where its CPU lies. */
  readonly ownMsPerRequest: number
  readonly processes: number
  readonly poolSize: number | undefined
  readonly databaseCores: number | undefined
  /** CPU of the database that one request costs; undefined where it could not be told apart. */
  readonly databaseCpuMsPerRequest: number | undefined
  readonly arrivalsPerSecond: number | undefined
  readonly shareOfRequests: (route: RouteName) => number
  /** By the client where there was one, else as `serverSide`. */
  readonly measured: (route: RouteName) => Measured | undefined
  /** Every request, as the service itself saw it: the traces are a sample of these. */
  readonly serverSide: (route: RouteName) => Measured | undefined
}
export interface RunFigures {
  readonly floorMs: number
  /** The quarter that others disturbed least ends here. */
  readonly quietMs: number
}
export interface Measured {
  readonly fastestMs: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
}

/** A fair sample stays one when it is cut; more would cost time and gain digits nobody needs. */
const mostTracesPerRoute = 300

/** With fewer, a mean is an anecdote. */
const leastCalls = 10
/** Robust against one lucky clock reading: the fastest in twenty. */
const floorQuantile = 0.05
const quietQuantile = 0.25

/** Read once for each evidence, however many findings are predicted from it. */
export function figuresOf(evidence: Evidence): Figures {
  const known = figuresByEvidence.get(evidence)
  if (known) return known
  const figures = readFigures(evidence)
  figuresByEvidence.set(evidence, figures)
  return figures
}

const figuresByEvidence = new WeakMap<Evidence, Figures>()

function readFigures(evidence: Evidence): Figures {
  const all = evidence.traces?.traces ?? []
  const fair = all.filter(trace => trace.kept !== 'slowest' && trace.statusCode < 500 && trace.spansDropped === 0)
  const tracesByRoute = new Map<RouteName, Trace[]>()
  for (const trace of fair) {
    const known = tracesByRoute.get(trace.route)
    if (!known) tracesByRoute.set(trace.route, [trace])
    else if (known.length < mostTracesPerRoute) known.push(trace)
  }
  const durations = durationsByKey(fair)
  const runs = new Map(
    [...durations].map(([key, values]) => [
      key,
      { floorMs: quantile(values, floorQuantile), quietMs: quantile(values, quietQuantile) },
    ]),
  )
  const step = evidence['load-curve']?.steps.find(({ purpose }) => purpose === 'measure')
  const aggregates = new Map((evidence.traces?.routes ?? []).map(route => [route.route, route]))
  const requests = [...aggregates.values()].reduce((sum, route) => sum + route.requests, 0)
  const shareOfRequests = (route: RouteName) => (requests > 0 ? (aggregates.get(route)?.requests ?? 0) / requests : 0)
  const processes =
    evidence.runtime?.processes.filter(one => one.samples.some(sample => sample.requests > 0)).length ?? 0
  const pools = (evidence.runtime?.processes ?? []).flatMap(one => one.pools)
  return {
    tracesByRoute,
    ...roundTrip(evidence, durations),
    executionMs: new Map((evidence.pg?.statements ?? []).map(({ statementId, meanMs }) => [statementId ?? '', meanMs])),
    runs,
    cpuPerCallMs: cpuPerCall(evidence, fair),
    ownMsPerRequest: [...tracesByRoute].reduce(
      (sum, [route, traces]) =>
        sum + (shareOfRequests(route) * traces.reduce((ms, trace) => ms + gapsOf(draftOf(trace)), 0)) / traces.length,
      0,
    ),
    processes: Math.max(1, processes),
    poolSize: pools.length > 0 ? Math.max(...pools.map(({ maxConnections }) => maxConnections)) : undefined,
    databaseCores: evidence.host?.cores,
    databaseCpuMsPerRequest: databaseCpuPerRequest(evidence.host, step?.achievedRatePerSecond),
    arrivalsPerSecond: step?.offeredRatePerSecond,
    shareOfRequests,
    measured: route => measuredOn(route, step) ?? quantilesOf(aggregates.get(route)?.duration),
    serverSide: route => quantilesOf(aggregates.get(route)?.duration),
  }
}

export function keyOf(span: Span): string {
  return span.kind === 'outbound'
    ? `outbound ${span.host ?? ''} ${span.urlTemplate ?? ''}`
    : `${span.kind} ${span.statementId ?? ''}`
}

/**
 * The server tells how long it executed, the client how long it waited: the difference, of the statement that executes
 * shortest, because there the two means differ least by chance. Without a server's word: the fastest query seen.
 */
function roundTrip(
  evidence: Evidence,
  durations: ReadonlyMap<string, readonly number[]>,
): Pick<Figures, 'roundTripMs' | 'fastestRoundTripMs' | 'roundTripOf'> {
  const client = clientMeans(evidence, durations)
  const [told] = (evidence.pg?.statements ?? [])
    .toSorted((a, b) => a.meanMs - b.meanMs)
    .map(({ statementId = '', meanMs }) => ({
      id: statementId,
      meanMs,
      beyondMs: (client.get(statementId) ?? 0) - meanMs,
    }))
    .filter(({ beyondMs }) => beyondMs > 0)
  if (told) {
    const fast = quantile(durations.get(`query ${told.id}`) ?? [], floorQuantile)
    const fastestMs = Number.isFinite(fast) ? Math.max(0, fast - told.meanMs) : told.beyondMs
    const leastMs = Math.min(told.beyondMs, fastestMs)
    return {
      // Means are what the two sides tell; what lies above the fastest is waiting and wake-ups, whose median is ln 2 of
      // the mean where it is exponential.
      roundTripMs: leastMs + (told.beyondMs - leastMs) * Math.LN2,
      fastestRoundTripMs: leastMs,
      roundTripOf: told.id,
    }
  }
  const queries = [...durations].flatMap(([key, values]) =>
    key.startsWith('query ') ? [quantile(values, floorQuantile)] : [],
  )
  const fastestMs = queries.length > 0 ? Math.min(...queries) : 0
  return { roundTripMs: fastestMs, fastestRoundTripMs: fastestMs, roundTripOf: undefined }
}

/** Every call was counted by the probe; where none did, the traces have to do. */
function clientMeans(evidence: Evidence, durations: ReadonlyMap<string, readonly number[]>): Map<string, number> {
  const counted = new Map<string, { calls: number; totalMs: number }>()
  const count = (id: string, calls: number, totalMs: number) => {
    const known = counted.get(id) ?? { calls: 0, totalMs: 0 }
    counted.set(id, { calls: known.calls + calls, totalMs: known.totalMs + totalMs })
  }
  for (const { statementId, calls, totalMs } of evidence.statements?.uses ?? []) count(statementId, calls, totalMs)
  if (counted.size === 0)
    for (const [key, values] of durations)
      count(
        key.replace(/^query /, ''),
        values.length,
        values.reduce((sum, ms) => sum + ms, 0),
      )
  return new Map(
    [...counted].flatMap(([id, { calls, totalMs }]) => (calls >= leastCalls ? [[id, totalMs / calls] as const] : [])),
  )
}

function durationsByKey(traces: readonly Trace[]): Map<string, number[]> {
  const durations = new Map<string, number[]>()
  for (const trace of traces)
    for (const span of trace.spans) {
      const known = durations.get(keyOf(span))
      if (known) known.push(span.durationMs)
      else durations.set(keyOf(span), [span.durationMs])
    }
  return durations
}

function cpuPerCall(evidence: Evidence, traces: readonly Trace[]): number | undefined {
  const samples = (evidence.runtime?.processes ?? []).flatMap(process => process.samples)
  const requests = samples.reduce((sum, sample) => sum + sample.requests, 0)
  const cpuMs = samples.reduce((sum, sample) => sum + sample.cpuUserMs + sample.cpuSystemMs, 0)
  const calls = traces.reduce((sum, trace) => sum + 1 + trace.spans.length, 0)
  return requests > 0 && calls > 0 ? (cpuMs / requests) * (traces.length / calls) : undefined
}

function databaseCpuPerRequest(host: HostEvidence | undefined, ratePerSecond = 0): number | undefined {
  const cores = (host?.samples ?? []).flatMap(sample => sample.databaseCpuCores ?? [])
  const meanCores = cores.reduce((sum, used) => sum + used, 0) / cores.length
  return cores.length > 0 && ratePerSecond > 0 ? (meanCores * 1_000) / ratePerSecond : undefined
}

function measuredOn(route: RouteName, step: LoadStep | undefined): Measured | undefined {
  return quantilesOf(step?.routes.find(one => one.route === route)?.response)
}

function quantilesOf(serialized: SerializedHistogram | undefined): Measured | undefined {
  if (!serialized || serialized.count === 0) return undefined
  const histogram = Histogram.fromJSON(serialized as Parameters<typeof Histogram.fromJSON>[0])
  const at = (q: number) => histogram.quantile(q) / 1_000
  return { fastestMs: histogram.quantile(0) / 1_000, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) }
}

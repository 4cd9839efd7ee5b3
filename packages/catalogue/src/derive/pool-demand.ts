/** How many connections the load keeps in use at once, by the law of Little; the length of a queue says only how far an overload has come. */
import type { HostEvidence, LoadCurveEvidence, RuntimeEvidence, Span, Trace, TracesEvidence } from '@whetstone/model'
import { median } from '@whetstone/stats'
import { servingProcesses, usableCores } from './cores.ts'
import { measuredStep } from './load.ts'
import { readRoutes } from './routes.ts'
import { beginMs, endMs } from './spans.ts'

export interface PoolDemand {
  readonly arrivalsPerSecond: number
  /** Mean over all requests, from the moment a connection is theirs: waiting for one is not part of it. */
  readonly heldMs: number
  /** Arrivals per second × time held: in use at once, on average, over all processes. */
  readonly inUse: number
}

/** Undefined where the rate was not the load's own: in a closed model slow answers lower it. */
export function poolDemand(traces: TracesEvidence, load: LoadCurveEvidence | undefined): PoolDemand | undefined {
  const step = load && measuredStep(load)
  if (step === undefined || step.arrivals === 'closed') return undefined
  const arrivalsPerSecond = step.offeredRatePerSecond * (step.requestsPerUser ?? 1)
  const heldMs = [...readRoutes(traces).values()].reduce(
    (sum, { requestFraction, traces: sample }) => sum + requestFraction * meanOf(sample, heldMsOf),
    0,
  )
  return { arrivalsPerSecond, heldMs, inUse: (arrivalsPerSecond * heldMs) / 1_000 }
}

/**
 * So many are enough at all but one instant in a hundred. With a connection for everyone the number in use follows Poisson
 * whatever the times look like (M/G/∞: Cooper, Introduction to Queueing Theory, 1981, chapter 3).
 */
export function connectionsFor(inUse: number): number {
  // Beyond that the normal curve is as good, and the first term below still a number.
  if (inUse > 100) return Math.ceil(inUse + 2.326 * Math.sqrt(inUse))
  let term = Math.exp(-inUse)
  let sum = term
  let connections = 0
  while (sum < 0.99) sum += term *= inUse / ++connections
  return Math.max(1, connections)
}

/** Most connections a usual request of any route that matters asks for at once. */
export function widestBurst(traces: TracesEvidence, leastRequestFraction: number): number {
  const widths = [...readRoutes(traces).values()].flatMap(({ requestFraction, traces: sample }) =>
    requestFraction >= leastRequestFraction && sample.length > 0 ? [median(sample.map(widthOf))] : [],
  )
  return Math.max(0, ...widths)
}

/** Cores that the service and the database leave free, and what a connection in use takes of them. */
export interface Cores {
  readonly usedFraction: number
  /** The busiest main thread of the service, of one core. */
  readonly mainThreadFraction: number
  /** Connections the database can work on at once with what the service leaves; undefined where its CPU cannot be told apart. */
  readonly connections: number | undefined
}

export function coresFor(host: HostEvidence, runtime: RuntimeEvidence, inUse: number | undefined): Cores {
  const serving = servingProcesses(runtime).map(({ cpuCores }) => cpuCores)
  const own = meanOf(
    host.samples.flatMap(({ targetCpuCores }) => targetCpuCores ?? []),
    cores => cores,
  )
  const serviceCores = own > 0 ? own : serving.reduce((sum, cores) => sum + cores, 0)
  const known = host.samples.flatMap(({ databaseCpuCores }) => databaseCpuCores ?? [])
  const databaseCores = meanOf(known, cores => cores)
  const eachCores = inUse !== undefined && inUse > 0 ? databaseCores / inUse : 0
  const cores = usableCores(host)
  return {
    usedFraction: (serviceCores + databaseCores) / cores,
    mainThreadFraction: Math.max(0, ...serving),
    connections: eachCores > 0 ? Math.max(1, Math.floor((cores - serviceCores) / eachCores)) : undefined,
  }
}

/**
 * How many tasks shared a core of a machine that had no CPU left; undefined where it had some, or where nothing was sampled.
 * So many times longer than alone a task takes at most, and a connection is held: without end where nobody counted tasks.
 */
export function tasksPerCore(host: HostEvidence, fullFraction: number): number | undefined {
  if (host.samples.length === 0 || median(host.samples.map(sample => sample.cpuBusyFraction)) < fullFraction)
    return undefined
  const runnable = host.samples.flatMap(sample => sample.runnable ?? [])
  // The collector that counts them is one of them.
  return runnable.length === 0 ? Infinity : Math.max(1, (median(runnable) - 1) / host.cores)
}

/** What each transaction or lone statement of the request holds a connection for. */
function heldMsOf(trace: Trace): number {
  return holdsOf(trace).reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
}

function widthOf(trace: Trace): number {
  const holds = holdsOf(trace)
  return Math.max(
    0,
    ...holds.map(({ wantedMs }) => holds.filter(other => other.wantedMs <= wantedMs && other.toMs > wantedMs).length),
  )
}

interface Hold {
  readonly wantedMs: number
  readonly fromMs: number
  readonly toMs: number
}

function holdsOf({ spans }: Trace): readonly Hold[] {
  const groups = new Map<number | Span, Hold>()
  for (const span of spans) {
    if (span.kind !== 'query') continue
    const key = span.transaction ?? span
    const known = groups.get(key)
    groups.set(key, {
      wantedMs: Math.min(beginMs(span), known?.wantedMs ?? Infinity),
      fromMs: Math.min(span.startMs, known?.fromMs ?? Infinity),
      toMs: Math.max(endMs(span), known?.toMs ?? 0),
    })
  }
  return [...groups.values()]
}

function meanOf<T>(values: readonly T[], of: (value: T) => number): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + of(value), 0) / values.length
}

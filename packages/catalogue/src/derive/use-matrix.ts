/** One cell for each resource: how full it was, by the figures that were seen; what was not seen is said. */
import type { Fact, HostEvidence, HostSample, PgEvidence, RuntimeEvidence } from '@whetstone/model'
import { median } from '@whetstone/stats'
import { servingProcesses } from './cores.ts'
import { countText, fact, msText, percentText } from './figures.ts'

export interface Cell {
  readonly resource: 'CPU' | 'memory' | 'disk' | 'network' | 'event loop' | 'pools' | 'connections'
  readonly state: 'ok' | 'full' | 'unknown'
  /** Its figures in a few words; empty where nothing was seen. */
  readonly text: string
  readonly facts: readonly Fact[]
}

export interface UseLimits {
  readonly cpuBusyFraction: number
  readonly cpuPressureFraction: number
  readonly memoryPressureFraction: number
  readonly swapInBytesPerSecond: number
  readonly diskBusyFraction: number
  readonly diskAwaitMs: number
  readonly retransmitFraction: number
  readonly loopFraction: number
  readonly connectionFraction: number
}

export interface Seen {
  readonly host: HostEvidence
  readonly runtime?: RuntimeEvidence | undefined
  readonly pg?: PgEvidence | undefined
}

export function useMatrix({ host, runtime, pg }: Seen, limits: UseLimits): readonly Cell[] {
  return [
    cpu(host, limits),
    memory(host, limits),
    disk(host, limits),
    network(host, limits),
    eventLoop(runtime, limits),
    pools(runtime),
    connections(pg, limits),
  ]
}

/**
 * How busy all cores were with anything but our load, and which part of that the service and its database were.
 * @param generatorCores what the load generator took of this machine: nobody else's users take it
 */
export function cpuUse(
  { samples, cores }: HostEvidence,
  generatorCores = 0,
): {
  readonly busyFraction: number
  readonly ownFraction: number | undefined
} {
  const ofMachine = middle(samples, sample => sample.cpuBusyFraction) ?? 0
  const busyFraction = Math.max(0, ofMachine - generatorCores / Math.max(1, cores))
  const ownCores = middle(samples, ({ targetCpuCores, databaseCpuCores }) =>
    targetCpuCores === undefined && databaseCpuCores === undefined
      ? undefined
      : (targetCpuCores ?? 0) + (databaseCpuCores ?? 0),
  )
  const busyCores = busyFraction * cores
  return {
    busyFraction,
    ownFraction: ownCores === undefined || busyCores <= 0 ? undefined : Math.min(1, ownCores / busyCores),
  }
}

/** Full is busy, and somebody waited: a core that computes all the time for one task is well used. */
function cpu(host: HostEvidence, limits: UseLimits): Cell {
  const { busyFraction } = cpuUse(host)
  const pressure = middle(host.samples, sample => sample.cpuPressureFraction)
  const runnable = middle(host.samples, sample => sample.runnable)
  const waits =
    (pressure !== undefined && pressure >= limits.cpuPressureFraction) ||
    // The collector that counts them is one of them.
    (runnable !== undefined && runnable - 1 > host.cores)
  return cell('CPU', busyFraction >= limits.cpuBusyFraction && waits, `${percentText(busyFraction)} busy`, [
    fact('CPU busy, median', busyFraction, 'fraction', 'host'),
    ...(pressure === undefined ? [] : [fact('time in which tasks waited for a core', pressure, 'fraction', 'host')]),
    ...(runnable === undefined ? [] : [fact('tasks that ran or waited, median', runnable, 'count', 'host')]),
  ])
}

function memory(host: HostEvidence, limits: UseLimits): Cell {
  const available = middle(host.samples, sample => sample.memoryAvailableBytes)
  if (available === undefined) return unseen('memory')
  const used = Math.max(0, 1 - available / host.memoryBytes)
  const pressure = middle(host.samples, sample => sample.memoryPressureFraction) ?? 0
  const swapIn = middle(host.samples, sample => sample.swapInBytesPerSecond) ?? 0
  const isFull = pressure >= limits.memoryPressureFraction || swapIn >= limits.swapInBytesPerSecond
  return cell('memory', isFull, `${percentText(used)} used`, [fact('memory used, median', used, 'fraction', 'host')])
}

function disk(host: HostEvidence, limits: UseLimits): Cell {
  const busy = middle(host.samples, sample => sample.diskBusyFraction)
  if (busy === undefined) return unseen('disk')
  const awaitMs = middle(host.samples, sample => sample.diskAwaitMs)
  const isFull = busy >= limits.diskBusyFraction && (awaitMs ?? 0) >= limits.diskAwaitMs
  return cell('disk', isFull, `${percentText(busy)} busy${awaitMs === undefined ? '' : `, ${msText(awaitMs)} each`}`, [
    fact('busiest disk busy, median', busy, 'fraction', 'host'),
  ])
}

/** Lone losses are no fault of the network: the median second must have them. */
function network(host: HostEvidence, limits: UseLimits): Cell {
  const again = middle(host.samples, sample => sample.retransmitFraction)
  if (again === undefined) return unseen('network')
  return cell('network', again >= limits.retransmitFraction, `${percentText(again)} sent again`, [
    fact('segments sent again, median', again, 'fraction', 'host'),
  ])
}

function eventLoop(runtime: RuntimeEvidence | undefined, limits: UseLimits): Cell {
  const serving = runtime ? servingProcesses(runtime) : []
  if (serving.length === 0) return unseen('event loop')
  const busiest = Math.max(...serving.map(one => one.utilisationFraction))
  return cell('event loop', busiest >= limits.loopFraction, `${percentText(busiest)} busy`, [
    fact('event-loop utilisation, median', busiest, 'fraction', 'runtime'),
  ])
}

function pools(runtime: RuntimeEvidence | undefined): Cell {
  const used = (runtime?.processes ?? []).flatMap(process => process.pools).filter(pool => pool.acquisitions > 0)
  const fullest = used.toSorted((a, b) => b.peakInUse / b.maxConnections - a.peakInUse / a.maxConnections)[0]
  if (!fullest) return unseen('pools')
  const isFull = fullest.peakInUse >= fullest.maxConnections && fullest.peakWaiting > 0
  return cell('pools', isFull, `${countText(fullest.peakInUse)} of ${countText(fullest.maxConnections)} at the peak`, [
    fact('connections of the fullest pool at the peak', fullest.peakInUse, 'count', 'runtime'),
  ])
}

function connections(pg: PgEvidence | undefined, limits: UseLimits): Cell {
  if (!pg || pg.activity.maxConnections <= 0) return unseen('connections')
  const { peakConnections, maxConnections } = pg.activity
  const isFull = peakConnections >= maxConnections * limits.connectionFraction
  return cell('connections', isFull, `${countText(peakConnections)} of ${countText(maxConnections)}`, [
    fact('connections of the database at the peak', peakConnections, 'count', 'pg'),
  ])
}

function cell(resource: Cell['resource'], isFull: boolean, text: string, facts: readonly Fact[]): Cell {
  return { resource, state: isFull ? 'full' : 'ok', text, facts }
}

const unseen = (resource: Cell['resource']): Cell => ({ resource, state: 'unknown', text: '', facts: [] })

function middle(samples: readonly HostSample[], of: (sample: HostSample) => number | undefined): number | undefined {
  const values = samples.flatMap(sample => of(sample) ?? [])
  return values.length === 0 ? undefined : median(values)
}

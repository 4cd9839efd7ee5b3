/** Second order: removed work also stood in the way of others, in the pool, on the event loop and in the database; and it is what limits the rate. */
import type { Edit, Trace } from '@whetstone/model'
import { seededRandom } from '@whetstone/stats'
import { applyEdit, type Bound } from './apply-edit.ts'
import { type Figures, keyOf } from './figures.ts'
import { type Burst, fractionLeft, meanBurstWaitMs, type QueueSide, waitChange } from './queue.ts'
import { type Draft, draftOf, gapsOf, type Step } from './replay.ts'

/** What becomes of the waiting for one resource. */
export interface Waiting {
  /** Of the waiting, what is left, 0 to 1. */
  readonly left: number
  /** Of the time beyond what the work itself takes, how much the model knows to be this waiting, 0 to 1; the rest is noise that no edit removes. */
  readonly share: number
}

export interface Waits {
  /** For a connection: measured, so there is no noise in it. */
  readonly pool: number
  /** For the event loop. */
  readonly cpu: Waiting
  /** For a core of the database. */
  readonly database: Waiting
  /** CPU of one call without what a demand edit names. */
  readonly cpuPerCallMs: number
}

const none: Waiting = { left: 1, share: 0 }
export const unchangedWaits: Waits = { pool: 1, cpu: none, database: none, cpuPerCallMs: 0 }

export interface LoadEffect {
  readonly waits: Waits
  /** Of the busiest resource as it was measured, 0 to 1 and above. */
  readonly utilisation: number
  /** Requests per second that the narrowest resource lets through, after over before. */
  readonly capacityRatio: number
}

export interface Edited {
  readonly draft: Draft
  readonly met: boolean
}

/** One trace with the edits, and with the waiting that they leave. */
export function edited(trace: Trace, edits: readonly Edit[], figures: Figures, bound: Bound, waits: Waits): Edited {
  const draft = draftOf(trace)
  // At the low end all that lies beyond quiet runs, and beyond the CPU that was measured, is taken for waiting and for gone.
  const gone = ({ left, share }: Waiting, isKnown: boolean) => (bound === 'low' && isKnown ? 1 : share * (1 - left))
  for (const step of draft.steps)
    if (step.span.kind === 'query') step.durationMs -= beyondQuietMs(step, figures) * gone(waits.database, true)
  const met = edits.map(edit => applyEdit(draft, edit, figures, bound)).some(Boolean)
  for (const step of draft.steps) step.newWaitMs *= waits.pool
  const gapMs = gapsOf(draft)
  if (gapMs > 0)
    draft.gapWaitFraction =
      1 - (beyondOwnMs(draft, waits.cpuPerCallMs) * gone(waits.cpu, waits.cpuPerCallMs > 0)) / gapMs
  return { draft, met }
}

function beyondQuietMs(step: Step, { runs }: Figures): number {
  return Math.max(0, step.durationMs - (runs.get(keyOf(step.span))?.quietMs ?? step.durationMs))
}

/** Of the time between the steps, what is not the service's own CPU. */
function beyondOwnMs(draft: Draft, cpuPerCallMs: number): number {
  return Math.max(0, gapsOf(draft) - cpuPerCallMs * callsOf(draft) - draft.removedGapMs - draft.offloadedMs)
}

/** One resource before and after: what a request asks of it, and how many can be served at once. */
interface Resource {
  readonly before: QueueSide
  readonly after: QueueSide
}

/** @param seed the same for every finding of a run, so that their order does not depend on chance */
export function loadEffect(edits: readonly Edit[], figures: Figures, seed: number): LoadEffect {
  const { arrivalsPerSecond } = figures
  if (arrivalsPerSecond === undefined) return { waits: unchangedWaits, utilisation: 0, capacityRatio: 1 }
  const { population, waitsForPool } = populationOf(edits, figures)
  const cpuPerCallMs = ownCpuPerCall(population, figures)
  const resources = {
    pool: waitsForPool ? poolOf(population, edits, figures) : undefined,
    cpu: cpuPerCallMs === undefined ? undefined : eventLoopOf(population, cpuPerCallMs, processesOf(edits, figures)),
    database: figures.databaseCores === undefined ? undefined : databaseOf(population, figures, figures.databaseCores),
  }
  const change = (resource: Resource | undefined) =>
    resource
      ? waitChange(resource.before, resource.after, arrivalsPerSecond, () => seededRandom(seed))
      : { beforeMs: 0, afterMs: 0 }
  const waiting = (resource: Resource | undefined, arrivals: number, beyondMs: number): Waiting => {
    const known = change(resource)
    return { left: fractionLeft(known), share: beyondMs > 0 ? Math.min(1, (known.beforeMs * arrivals) / beyondMs) : 0 }
  }
  const own = cpuPerCallMs ?? 0
  const known = Object.values(resources).filter(resource => resource !== undefined)
  const demandBefore = Math.max(0, ...known.map(({ before }) => demandMs(before)))
  const demandAfter = Math.max(
    machineDemandMs(edits, resources.cpu, figures),
    ...known.map(({ after }) => demandMs(after)),
  )
  return {
    waits: {
      pool: poolWaitLeft(population, resources.pool, arrivalsPerSecond, seed),
      cpu: waiting(
        resources.cpu,
        sumOf(population, ({ before }) => callsOf(before)),
        sumOf(population, ({ before, after }) =>
          Math.max(0, beyondOwnMs(before, own) - after.removedGapMs - after.offloadedMs),
        ),
      ),
      database: waiting(
        resources.database,
        sumOf(population, ({ before }) => queriesOf(before).length),
        sumOf(population, ({ before }) => queriesOf(before).reduce((ms, step) => ms + beyondQuietMs(step, figures), 0)),
      ),
      cpuPerCallMs: cpuPerCallMs ?? 0,
    },
    utilisation: (demandBefore * arrivalsPerSecond) / 1_000,
    capacityRatio: demandAfter > 0 ? Math.max(1, demandBefore / demandAfter) : 1,
  }
}

/** Milliseconds that one request keeps one of all servers busy. */
function demandMs({ servicesMs, servers, perRequest = 1 }: QueueSide): number {
  const sum = servicesMs.reduce((total, ms) => total + ms, 0)
  return servicesMs.length === 0 ? 0 : ((sum / servicesMs.length) * perRequest) / servers
}

interface Pair {
  readonly before: Draft
  readonly after: Draft
}

/** A route is drawn as often as it is requested, however many of its traces were kept. */
function populationOf(edits: readonly Edit[], figures: Figures) {
  let waitsForPool = false
  const population = [...figures.tracesByRoute].flatMap(([route, traces]) => {
    const times = Math.max(1, Math.round((figures.shareOfRequests(route) * 1_000) / traces.length))
    return traces.flatMap(trace => {
      const before = draftOf(trace)
      waitsForPool ||= before.steps.some(({ waitMs }) => waitMs > 0)
      const pair: Pair = { before, after: edited(trace, edits, figures, 'likely', unchangedWaits).draft }
      return Array.from({ length: times }, () => pair)
    })
  })
  return { population, waitsForPool }
}

const sumOf = (population: readonly Pair[], of: (pair: Pair) => number) =>
  population.reduce((sum, pair) => sum + of(pair), 0)

const queriesOf = ({ steps }: Draft) => steps.filter(({ span }) => span.kind === 'query')

function callsOf({ steps }: Draft): number {
  return 1 + steps.filter(({ isRemoved }) => !isRemoved).length
}

/** What is measured holds what a demand edit names; the rest is spread evenly over the calls. */
function ownCpuPerCall(population: readonly Pair[], { cpuPerCallMs }: Figures): number | undefined {
  if (cpuPerCallMs === undefined) return undefined
  const namedMs = sumOf(population, ({ after }) => after.removedGapMs + after.offloadedMs)
  const calls = sumOf(population, ({ before }) => callsOf(before))
  return Math.max(0, cpuPerCallMs - namedMs / Math.max(1, calls))
}

function poolOf(population: readonly Pair[], edits: readonly Edit[], figures: Figures): Resource | undefined {
  const resized = edits.find(edit => edit.kind === 'connection' && edit.change.kind === 'pool-size')
  const change = resized?.kind === 'connection' && resized.change.kind === 'pool-size' ? resized.change : undefined
  const from = change?.from ?? figures.poolSize
  if (from === undefined) return undefined
  return {
    before: { servicesMs: population.map(({ before }) => queryMs(before)), servers: from * figures.processes },
    after: {
      servicesMs: population.map(({ after }) => queryMs(after)),
      servers: (change?.to ?? from) * figures.processes,
    },
  }
}

/** Queries that one request starts together wait for one another: the pool sees bursts, not requests. */
function poolWaitLeft(
  population: readonly Pair[],
  pool: Resource | undefined,
  arrivalsPerSecond: number,
  seed: number,
): number {
  if (pool === undefined) return 1
  const bursts = new Map<Draft, Burst>()
  // A pair stands in the population as often as its route is requested: it is read once.
  const burstsOf = (drafts: readonly Draft[]) =>
    drafts.map(draft => {
      const known = bursts.get(draft) ?? burstOf(draft)
      bursts.set(draft, known)
      return known
    })
  const wait = (side: (pair: Pair) => Draft, servers: number) =>
    meanBurstWaitMs(burstsOf(population.map(side)), { arrivalsPerSecond, servers, random: seededRandom(seed) })
  const beforeMs = wait(({ before }) => before, pool.before.servers)
  return fractionLeft({
    beforeMs,
    afterMs: Math.min(
      beforeMs,
      wait(({ after }) => after, pool.after.servers),
    ),
  })
}

/** When each query would have come had none before it waited. */
function burstOf(draft: Draft): Burst {
  const queries = queriesOf(draft)
  const byEnd = queries.toSorted((a, b) => a.endMs - b.endMs)
  let ended = 0
  let waitedMs = 0
  return queries.flatMap(({ startMs, durationMs, isRemoved }) => {
    for (; ended < byEnd.length && byEnd[ended]!.endMs <= startMs; ended++) waitedMs += byEnd[ended]!.waitMs
    return isRemoved ? [] : [{ offsetMs: Math.max(0, startMs - waitedMs), serviceMs: durationMs }]
  })
}

/** Event loops before and after. */
function processesOf(edits: readonly Edit[], { processes }: Figures): readonly [number, number] {
  const shared = edits.find(edit => edit.kind === 'instances')
  return [processes, shared?.kind === 'instances' ? (processes * shared.to) / shared.from : processes]
}

/** More processes, or more statements at once, share the cores of the machine with the database on it: a request then costs no less CPU than before. */
function machineDemandMs(edits: readonly Edit[], cpu: Resource | undefined, figures: Figures): number {
  const widens = (edit: Edit) =>
    edit.kind === 'instances' || (edit.kind === 'connection' && edit.change.kind === 'pool-size')
  if (!cpu || figures.databaseCores === undefined || !edits.some(widens)) return 0
  const ownMs = demandMs({ ...cpu.after, servers: 1 })
  return (ownMs + (figures.databaseCpuMsPerRequest ?? 0)) / figures.databaseCores
}

function eventLoopOf(
  population: readonly Pair[],
  cpuPerCallMs: number,
  [before, after]: readonly [number, number],
): Resource {
  return {
    before: {
      servicesMs: population.map(
        pair => callsOf(pair.before) * cpuPerCallMs + pair.after.removedGapMs + pair.after.offloadedMs,
      ),
      servers: before,
    },
    after: { servicesMs: population.map(pair => callsOf(pair.after) * cpuPerCallMs), servers: after },
  }
}

/** Every query is an arrival of its own; what it asks of a core is its quiet run beyond the round trip, scaled as the edit scaled it. */
function databaseOf(population: readonly Pair[], figures: Figures, servers: number): Resource {
  const before = databaseServices(
    population.map(pair => pair.before),
    figures,
  )
  const after = databaseServices(
    population.map(pair => pair.after),
    figures,
  )
  // A statement that waits for a disk or a lock holds no core: where its CPU was measured, no more is asked than that.
  const modelledMs = demandMs({ ...before, servers: 1 })
  const measuredMs = figures.databaseCpuMsPerRequest
  const share = measuredMs === undefined || modelledMs <= 0 ? 1 : Math.min(1, measuredMs / modelledMs)
  const scaled = ({ servicesMs, perRequest }: ReturnType<typeof databaseServices>): QueueSide => ({
    servicesMs: servicesMs.map(ms => ms * share),
    perRequest,
    servers,
  })
  return { before: scaled(before), after: scaled(after) }
}

function databaseServices(drafts: readonly Draft[], figures: Figures) {
  const servicesMs = drafts.flatMap(({ steps }) =>
    steps.flatMap(step => {
      if (step.span.kind !== 'query' || step.isRemoved) return []
      const measuredMs = step.endMs - step.startMs - step.waitMs
      const quietMs = figures.runs.get(keyOf(step.span))?.quietMs ?? measuredMs
      const share = measuredMs > 0 ? Math.min(1, step.durationMs / measuredMs) : 1
      return [Math.max(0, quietMs * share - figures.roundTripMs)]
    }),
  )
  return { servicesMs, perRequest: servicesMs.length / Math.max(1, drafts.length) }
}

function queryMs({ steps }: Draft): number {
  return steps.reduce((ms, step) => ms + (step.span.kind === 'query' ? step.durationMs : 0), 0)
}

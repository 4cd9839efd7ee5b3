/** The one predictor: what remains of a route's latency when edits are applied to its traces, with an interval that admits what is not known. */
import type { Edit, Evidence, Prediction, PredictedQuantile, RouteName, Trace } from '@whetstone/model'
import { quantile, randomInteger, seededRandom } from '@whetstone/stats'
import { applyEdit } from './apply-edit.ts'
import type { Bound } from './apply-edit.ts'
import { figuresOf, keyOf } from './figures.ts'
import type { Figures } from './figures.ts'
import { waitFraction } from './queue.ts'
import { draftOf, endOf, gapsOf } from './replay.ts'
import type { Draft } from './replay.ts'

export interface PredictOptions {
  readonly random: () => number
}

/** With fewer traces a 95th percentile is a guess. */
const leastTraces = 10
/** Efron and Tibshirani, An Introduction to the Bootstrap: 200 are enough for an interval's ends. */
const resamples = 200
const tail = 0.05

/** The route the edit names, else the one whose requests gain most together. Undefined when it meets nothing or too few traces. */
export function predict(edit: Edit, evidence: Evidence, options: PredictOptions): Prediction | undefined {
  const predictions = predictAll([edit], evidence, options).filter(
    ({ route }) => edit.route === undefined || edit.route === route,
  )
  const figures = figuresOf(evidence)
  const gain = ({ route, p50Ms }: Prediction) =>
    p50Ms ? (p50Ms.beforeMs - p50Ms.estimate) * figures.shareOfRequests(route ?? '') : 0
  const [best] = predictions.toSorted((a, b) => gain(b) - gain(a))
  return best ?? bytesOnly(edit)
}

/** Several edits together, one prediction for each route they touch. */
export function predictAll(edits: readonly Edit[], evidence: Evidence, options: PredictOptions): readonly Prediction[] {
  const figures = figuresOf(evidence)
  const seed = Math.floor(options.random() * 2 ** 31)
  const waits = waitFractions(edits, figures, seed)
  return [...figures.tracesByRoute].flatMap(([route, traces]) => {
    const prediction =
      traces.length < leastTraces ? undefined : predictRoute(route, traces, edits, figures, waits, options.random)
    return prediction ? [prediction] : []
  })
}

interface Waits {
  readonly pool: number
  readonly cpu: number
  /** Of what a query takes beyond its quiet runs. */
  readonly database: number
  /** CPU of one call without what a demand edit names. */
  readonly cpuPerCallMs: number
}

const unchanged: Waits = { pool: 1, cpu: 1, database: 1, cpuPerCallMs: 0 }

function predictRoute(
  route: RouteName,
  traces: readonly Trace[],
  edits: readonly Edit[],
  figures: Figures,
  waits: Waits,
  random: () => number,
): Prediction | undefined {
  const likely = traces.map(trace => edited(trace, edits, figures, 'likely', waits))
  const changesWaits = waits.pool < 1 || waits.cpu < 1 || waits.database < 1
  if (!likely.some(({ met }) => met) && !changesWaits) return undefined
  const before = traces.map(({ durationMs }) => durationMs)
  const after = {
    // Waiting that the model expects to vanish has vanished at the low end, and has all stayed at the high end.
    low: traces.map(trace => endOf(edited(trace, edits, figures, 'low', waits).draft)),
    likely: likely.map(({ draft }) => endOf(draft)),
    high: traces.map(trace => endOf(edited(trace, edits, figures, 'high', unchanged).draft)),
  }
  const measured = figures.measured(route)
  const at = (q: number, measuredMs: number | undefined) =>
    predictQuantile(before, after, q, measuredMs ?? quantile(before, q), random)
  const p50Ms = at(0.5, measured?.p50Ms)
  const above = at(0.95, measured?.p95Ms)
  // Two ratios from few traces may cross; percentiles may not.
  const p95Ms = {
    ...above,
    estimate: Math.max(above.estimate, p50Ms.estimate),
    high: Math.max(above.high, p50Ms.estimate),
  }
  const p99Ms = measured?.p99Ms ?? quantile(before, 0.99)
  const bytes = edits.find(edit => edit.kind === 'bytes' && edit.route === route)
  return {
    route,
    p50Ms,
    p95Ms,
    // The tail of a loaded service is other people's work; no more is promised than that it grows no longer.
    p99AtMostMs: Math.min(p99Ms, p99Ms * ratioOf(before, after.high, 0.99)),
    ...(bytes?.kind === 'bytes' ? { bytes: { before: bytes.bytesBefore, after: bytes.bytesAfter } } : {}),
    queriesPerRequest: { before: queries(likely, false), after: queries(likely, true) },
    traces: traces.length,
    method: 'trace-replay',
  }
}

interface Edited {
  readonly draft: Draft
  readonly met: boolean
}

function edited(trace: Trace, edits: readonly Edit[], figures: Figures, bound: Bound, waits: Waits): Edited {
  const draft = draftOf(trace)
  for (const step of draft.steps) {
    const quietMs = figures.runs.get(keyOf(step.span))?.quietMs ?? step.durationMs
    if (step.span.kind === 'query') step.durationMs -= Math.max(0, step.durationMs - quietMs) * (1 - waits.database)
  }
  const met = edits.map(edit => applyEdit(draft, edit, figures, bound)).some(Boolean)
  for (const step of draft.steps) step.newWaitMs *= waits.pool
  if (waits.cpu < 1) {
    const gapMs = gapsOf(draft)
    const ownMs = Math.min(gapMs, waits.cpuPerCallMs * (1 + draft.steps.length) + draft.removedGapMs)
    draft.gapWaitFraction = gapMs > 0 ? (ownMs + (gapMs - ownMs) * waits.cpu) / gapMs : 1
  }
  return { draft, met }
}

function queries(list: readonly Edited[], isAfter: boolean): number {
  const count = list.reduce(
    (sum, { draft }) =>
      sum + draft.steps.filter(step => step.span.kind === 'query' && !(isAfter && step.isRemoved)).length,
    0,
  )
  return count / list.length
}

/** The traces give a ratio; the milliseconds are the client's, where they were measured. */
function predictQuantile(
  before: readonly number[],
  after: Readonly<Record<Bound, readonly number[]>>,
  q: number,
  beforeMs: number,
  random: () => number,
): PredictedQuantile {
  const likely = ratioOf(before, after.likely, q)
  const ratios = Array.from({ length: resamples }, () => {
    const drawn = before.map(() => randomInteger(random, before.length))
    const pick = (values: readonly number[]) => drawn.map(index => values[index]!)
    const low = ratioOf(pick(before), pick(after.low), q)
    const high = ratioOf(pick(before), pick(after.high), q)
    // Where between its bounds the remedy ends nobody knows: every place is as likely.
    return low + (high - low) * random()
  })
  return {
    beforeMs,
    estimate: beforeMs * likely,
    low: beforeMs * Math.min(likely, quantile(ratios, tail)),
    high: beforeMs * Math.max(likely, quantile(ratios, 1 - tail)),
  }
}

function ratioOf(before: readonly number[], after: readonly number[], q: number): number {
  const base = rankedAt(before, q)
  return base > 0 ? rankedAt(after, q) / base : 1
}

/** `quantile` of the statistics by the same rule, on numbers that sort natively: it runs thousands of times a prediction. */
function rankedAt(values: readonly number[], q: number): number {
  return Float64Array.from(values).sort()[Math.max(0, Math.ceil(q * values.length - 1e-9) - 1)] ?? NaN
}

/** Second order: the removed work also stood in the way of others, in the pool and on the event loop. */
function waitFractions(edits: readonly Edit[], figures: Figures, seed: number): Waits {
  const { arrivalsPerSecond, cpuPerCallMs, poolSize, processes } = figures
  if (arrivalsPerSecond === undefined) return unchanged
  const traces = [...figures.tracesByRoute.values()].flat()
  const weighted = traces.map(trace => ({
    before: draftOf(trace),
    ...edited(trace, edits, figures, 'likely', unchanged),
  }))
  // A route is drawn as often as it is requested, however many of its traces were kept.
  const population = weighted.flatMap(one => {
    const kept = figures.tracesByRoute.get(one.before.trace.route)?.length ?? 1
    const times = Math.max(1, Math.round((figures.shareOfRequests(one.before.trace.route) * 1_000) / kept))
    return Array.from({ length: times }, () => one)
  })
  const sameRandom = () => seededRandom(seed)
  const resized = edits.find(edit => edit.kind === 'connection' && edit.change.kind === 'pool-size')
  const lanes = resized?.kind === 'connection' && resized.change.kind === 'pool-size' ? resized.change : undefined
  const waitsForPool = traces.some(trace => draftOf(trace).steps.some(({ waitMs }) => waitMs > 0))
  const pool =
    waitsForPool && (lanes?.from ?? poolSize) !== undefined
      ? waitFraction(
          {
            servicesMs: population.map(({ before }) => queryMs(before)),
            servers: (lanes?.from ?? poolSize!) * processes,
          },
          { servicesMs: population.map(({ draft }) => queryMs(draft)), servers: (lanes?.to ?? poolSize!) * processes },
          arrivalsPerSecond,
          sameRandom,
        )
      : 1
  const calls = (draft: Draft) => 1 + draft.steps.filter(({ isRemoved }) => !isRemoved).length
  const total = (of: (draft: Draft) => number, drafts: readonly Draft[]) =>
    drafts.reduce((sum, draft) => sum + of(draft), 0)
  const demandMs = total(
    draft => draft.removedGapMs,
    population.map(({ draft }) => draft),
  )
  const ownMs = Math.max(
    0,
    (cpuPerCallMs ?? 0) -
      demandMs /
        Math.max(
          1,
          total(
            calls,
            population.map(({ before }) => before),
          ),
        ),
  )
  const cpu = waitFraction(
    {
      servicesMs: population.map(({ before, draft }) => calls(before) * ownMs + draft.removedGapMs),
      servers: processes,
    },
    { servicesMs: population.map(({ draft }) => calls(draft) * ownMs), servers: processes },
    arrivalsPerSecond,
    sameRandom,
  )
  const database =
    figures.databaseCores === undefined
      ? 1
      : waitFraction(
          databaseSide(
            population.map(({ before }) => before),
            figures,
            figures.databaseCores,
          ),
          databaseSide(
            population.map(({ draft }) => draft),
            figures,
            figures.databaseCores,
          ),
          arrivalsPerSecond,
          sameRandom,
        )
  return { pool, cpu: cpuPerCallMs === undefined ? 1 : cpu, database, cpuPerCallMs: ownMs }
}

/** Every query is an arrival of its own; what it asks of a core is its quiet run beyond the round trip, scaled as the edit scaled it. */
function databaseSide(drafts: readonly Draft[], figures: Figures, servers: number) {
  const servicesMs = drafts.flatMap(({ steps }) =>
    steps.flatMap(step => {
      if (step.span.kind !== 'query' || step.isRemoved) return []
      const measuredMs = step.endMs - step.startMs - step.waitMs
      const quietMs = figures.runs.get(keyOf(step.span))?.quietMs ?? measuredMs
      const share = measuredMs > 0 ? Math.min(1, step.durationMs / measuredMs) : 1
      return [Math.max(0, quietMs * share - figures.roundTripMs)]
    }),
  )
  return { servicesMs, servers, perRequest: servicesMs.length / Math.max(1, drafts.length) }
}

function queryMs({ steps }: Draft): number {
  return steps.reduce((ms, step) => ms + (step.span.kind === 'query' ? step.durationMs : 0), 0)
}

function bytesOnly(edit: Edit): Prediction | undefined {
  if (edit.kind !== 'bytes') return undefined
  return { route: edit.route, bytes: { before: edit.bytesBefore, after: edit.bytesAfter }, traces: 0, method: 'bytes' }
}

/** The one predictor: what remains of a route's latency when edits are applied to its traces, with an interval that admits what is not known. */
import type { Edit, Evidence, Prediction, PredictedQuantile, RouteName, Trace } from '@whetstone/model'
import { quantile, randomInteger } from '@whetstone/stats'
import type { Bound } from './apply-edit.ts'
import { figuresOf } from './figures.ts'
import type { Figures, Measured } from './figures.ts'
import { endOf, type Draft } from './replay.ts'
import { edited, type Edited, loadEffect, type LoadEffect, unchangedWaits } from './load-effect.ts'

export interface PredictOptions {
  readonly random: () => number
}

/** With fewer traces a 95th percentile is a guess. */
const leastTraces = 10
/** Efron and Tibshirani, An Introduction to the Bootstrap: 200 are enough for an interval's ends. */
const resamples = 200
const tail = 0.05
/** Beyond it waiting grows without bound for a small error of the demand (M/M/1: five times the service time), so only capacity is told. */
const mostUtilisation = 0.8

/**
 * The route that gains most, among those the edit names; work moved off the event loop gains elsewhere, so any route may.
 * Undefined when it meets nothing or too few traces.
 */
export function predict(edit: Edit, evidence: Evidence, options: PredictOptions): Prediction | undefined {
  const figures = figuresOf(evidence)
  const helpsOthers = edit.kind === 'demand' && edit.offloaded === true
  const replays = replayAll([edit], figures, options.random).filter(
    ({ route }) => helpsOthers || edit.route === undefined || edit.route === route,
  )
  const gain = (replay: Replay) => {
    const savedMs = (q: number) => {
      const { beforeMs, at } = clientSide(replay, q, figures)
      return beforeMs - at(replay.likely, 'likely')
    }
    return (savedMs(0.5) + savedMs(0.95)) * figures.shareOfRequests(replay.route)
  }
  const [best] = replays.toSorted((a, b) => gain(b) - gain(a))
  return best ? predictionOf(best, [edit], figures, options.random) : bytesOnly(edit)
}

/**
 * Several edits together, one prediction for each route they touch. A report shows only the route that gains most.
 * @internal
 */
export function predictAll(edits: readonly Edit[], evidence: Evidence, options: PredictOptions): readonly Prediction[] {
  const figures = figuresOf(evidence)
  return replayAll(edits, figures, options.random).map(replay => predictionOf(replay, edits, figures, options.random))
}

/** Server-side milliseconds of every trace of a route, before and at the three ends of what the edits may do. */
interface Replay extends Readonly<Record<Bound, readonly number[]>> {
  readonly route: RouteName
  readonly before: readonly number[]
  readonly effect: LoadEffect
  readonly queriesPerRequest: { readonly before: number; readonly after: number }
}

function replayAll(edits: readonly Edit[], figures: Figures, random: () => number): Replay[] {
  const effect = loadEffect(edits, figures, Math.floor(random() * 2 ** 31))
  return [...figures.tracesByRoute].flatMap(([route, traces]) => {
    const replay = traces.length < leastTraces ? undefined : replayRoute(route, traces, edits, figures, effect)
    return replay ? [replay] : []
  })
}

function replayRoute(
  route: RouteName,
  traces: readonly Trace[],
  edits: readonly Edit[],
  figures: Figures,
  effect: LoadEffect,
): Replay | undefined {
  const { waits } = effect
  const likely = traces.map(trace => edited(trace, edits, figures, 'likely', waits))
  const changesWaits = waits.pool < 1 || waits.cpu.left < 1 || waits.database.left < 1
  if (!likely.some(({ met }) => met) && !changesWaits) return undefined
  return {
    route,
    effect,
    before: traces.map(({ durationMs }) => durationMs),
    // Waiting that the model expects to vanish has vanished at the low end, and has all stayed at the high end.
    low: traces.map(trace => endOf(edited(trace, edits, figures, 'low', waits).draft)),
    likely: likely.map(({ draft }) => endOf(draft)),
    high: traces.map(trace => endOf(edited(trace, edits, figures, 'high', unchangedWaits).draft)),
    queriesPerRequest: { before: queries(likely, () => true), after: queries(likely, step => !step.isRemoved) },
  }
}

function predictionOf(replay: Replay, edits: readonly Edit[], figures: Figures, random: () => number): Prediction {
  const { route, before, effect } = replay
  const bytes = edits.find(edit => edit.kind === 'bytes' && edit.route === route)
  const counted = {
    route,
    ...(bytes?.kind === 'bytes' ? { bytes: { before: bytes.bytesBefore, after: bytes.bytesAfter } } : {}),
    queriesPerRequest: replay.queriesPerRequest,
    traces: before.length,
    method: 'trace-replay',
  } as const
  if (effect.utilisation > mostUtilisation) return { ...counted, capacityRatio: effect.capacityRatio }
  const measured = figures.measured(route)
  const p50Ms = predictQuantile(replay, 0.5, figures, random)
  const above = predictQuantile(replay, 0.95, figures, random)
  // Two quantiles from few traces may cross; percentiles may not.
  const p95Ms = {
    ...above,
    low: Math.max(above.low, p50Ms.low),
    estimate: Math.max(above.estimate, p50Ms.estimate),
    high: Math.max(above.high, p50Ms.estimate),
  }
  const p99Ms = measured?.p99Ms ?? quantile(before, 0.99)
  const p99Base = rankedAt(before, 0.99)
  return {
    ...counted,
    p50Ms,
    p95Ms,
    // The tail of a loaded service is other people's work; no more is promised than that it grows no longer.
    p99AtMostMs: Math.min(p99Ms, p99Base > 0 ? (p99Ms * rankedAt(replay.high, 0.99)) / p99Base : p99Ms),
  }
}

function queries(list: readonly Edited[], counts: (step: Draft['steps'][number]) => boolean): number {
  const count = list.reduce(
    (sum, { draft }) => sum + draft.steps.filter(step => step.span.kind === 'query' && counts(step)).length,
    0,
  )
  return count / list.length
}

/**
 * What the client sees is the trace and the time around it: the way there and back, which no edit shortens, and the wait
 * for the event loop in front of the handler, which goes as the other waiting for it does.
 */
function clientSide({ route, before, effect }: Replay, q: number, figures: Figures) {
  const [measured, serverSide] = [figures.measured(route), figures.serverSide(route)]
  const at = (known: Measured | undefined) => (q === 0.5 ? known?.p50Ms : known?.p95Ms)
  const sampledMs = rankedAt(before, q)
  const beforeMs = at(measured) ?? sampledMs
  const insideMs = Math.min(beforeMs, at(serverSide) ?? sampledMs)
  const outsideMs = beforeMs - insideMs
  const transportMs = Math.min(outsideMs, Math.max(0, (measured?.fastestMs ?? 0) - (serverSide?.fastestMs ?? 0)))
  // A few dozen traces seldom have the quantile of all requests: they give the shape of the change, not its size.
  const scale = sampledMs > 0 ? insideMs / sampledMs : 1
  const fewerWaitMs = transportMs + (outsideMs - transportMs) * effect.waits.cpu.left
  return {
    beforeMs,
    at: (values: readonly number[], bound: Bound) =>
      rankedAt(values, q) * scale + { low: transportMs, likely: fewerWaitMs, high: outsideMs }[bound],
  }
}

function predictQuantile(replay: Replay, q: number, figures: Figures, random: () => number): PredictedQuantile {
  const { beforeMs, at } = clientSide(replay, q, figures)
  const estimate = at(replay.likely, 'likely')
  const drawn = Array.from({ length: resamples }, () => {
    const indices = replay.before.map(() => randomInteger(random, replay.before.length))
    const pick = (bound: Bound) =>
      at(
        indices.map(index => replay[bound][index]!),
        bound,
      )
    const [low, high] = [pick('low'), pick('high')]
    // Where between its bounds the remedy ends nobody knows: every place is as likely.
    return low + (high - low) * random()
  })
  return {
    beforeMs,
    estimate,
    low: Math.min(estimate, quantile(drawn, tail)),
    high: Math.max(estimate, quantile(drawn, 1 - tail)),
  }
}

/** `quantile` of the statistics by the same rule, on numbers that sort natively: it runs hundreds of times a prediction. */
function rankedAt(values: readonly number[], q: number): number {
  return Float64Array.from(values).sort()[Math.max(0, Math.ceil(q * values.length - 1e-9) - 1)] ?? 0
}

function bytesOnly(edit: Edit): Prediction | undefined {
  if (edit.kind !== 'bytes') return undefined
  return { route: edit.route, bytes: { before: edit.bytesBefore, after: edit.bytesAfter }, traces: 0, method: 'bytes' }
}

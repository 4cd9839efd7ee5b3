/** Turns one edit into changes of a trace's steps, at the low, the likely and the high end of what the remedy may do. */
import type { DemandEdit, Edit, PlanEdit, TraceEdit } from '@whetstone/model'
import { keyOf } from './figures.ts'
import type { Figures } from './figures.ts'
import { gapsOf, remove } from './replay.ts'
import type { Draft, Step } from './replay.ts'

/** Which end of the model's own uncertainty. */
export type Bound = 'low' | 'likely' | 'high'

/** Changes the draft; says whether the edit met anything in it. */
export function applyEdit(draft: Draft, edit: Edit, figures: Figures, bound: Bound): boolean {
  if (edit.route !== undefined && edit.route !== draft.trace.route) return false
  switch (edit.kind) {
    case 'trace':
      return applyTraceEdit(draft, edit, figures, bound)
    case 'plan':
      return draft.steps.map(step => applyPlan(step, edit, figures, bound)).some(Boolean)
    case 'connection': {
      if (edit.change.kind === 'pool-size') return draft.steps.some(({ waitMs }) => waitMs > 0)
      return reuseConnections(draft, figures, bound)
    }
    case 'demand': {
      const removedMs = removedDemandMs(draft, edit, figures)
      if (edit.offloaded) draft.offloadedMs += removedMs
      else draft.removedGapMs += removedMs
      return removedMs > 0
    }
    case 'instances':
      // What changes is the waiting for the event loop, which is not in any one trace.
      return true
    case 'bytes':
      return (
        edit.statementId !== undefined &&
        applyBytes(draft, edit.statementId, edit.bytesAfter / Math.max(1, edit.bytesBefore), figures, bound)
      )
  }
}

/**
 * A backend that was just forked reads the catalog for its first statement; how much of that statement's time this was
 * nobody told: all of it but the execution at the low end, none at the high end, the middle of both on a log scale.
 */
function reuseConnections(draft: Draft, { executionMs }: Figures, bound: Bound): boolean {
  let isFresh = false
  let met = false
  for (const step of draft.steps) {
    if (step.span.kind === 'connect') {
      remove(step)
      isFresh = met = true
    } else if (step.span.kind === 'query' && isFresh) {
      isFresh = false
      const leastMs = executionMs.get(step.span.statementId ?? '')
      if (leastMs === undefined || leastMs >= step.durationMs || bound === 'high') continue
      step.durationMs = bound === 'low' ? leastMs : Math.sqrt(leastMs * step.durationMs)
    }
  }
  return met
}

/**
 * On one thread CPU is time; what it cost others in waiting is the queue's to say. A profile that does not know the route
 * gives a mean over all requests: it lies where the service's own time lies.
 */
function removedDemandMs(draft: Draft, edit: DemandEdit, { ownMsPerRequest }: Figures): number {
  if (edit.route !== undefined || ownMsPerRequest <= 0) return edit.removeMsPerRequest
  return (edit.removeMsPerRequest * gapsOf(draft)) / ownMsPerRequest
}

function applyTraceEdit(draft: Draft, { change }: TraceEdit, figures: Figures, bound: Bound): boolean {
  const open = draft.steps.filter(({ isRemoved }) => !isRemoved)
  switch (change.kind) {
    case 'collapse':
      return change.statementIds.map(id => collapse(draft, open.filter(isQueryOf(id)), figures, bound)).some(Boolean)
    case 'collapse-outbound':
      return collapse(
        draft,
        open.filter(
          ({ span }) =>
            span.kind === 'outbound' && span.host === change.host && span.urlTemplate === change.urlTemplate,
        ),
        figures,
        bound,
      )
    case 'remove': {
      const gone = open.filter(isQueryOf(change.statementId))
      for (const step of gone) remove(step)
      return gone.length > 0
    }
    case 'cache':
      return answerFromCache(draft, open.filter(isQueryOf(change.statementId)), change, bound)
    case 'near-cache':
      return answerFromCache(draft, open.filter(isReadOfCache(change.keyTemplate)), change, bound)
    case 'deduplicate': {
      const seen = new Set<string>()
      const repeats = open.filter(isQueryOf(change.statementId)).filter(({ span }) => {
        const hash = span.parametersHash ?? ''
        return seen.has(hash) || !seen.add(hash)
      })
      for (const step of repeats) remove(step)
      return repeats.length > 0
    }
    case 'parallelise': {
      const ids = new Set(change.statementIds)
      const members = open.filter(({ span }) => span.kind === 'query' && ids.has(span.statementId ?? ''))
      const lanes = figures.poolSize ?? members.length
      // More lanes than cores help only as far as the database waits rather than computes.
      const group = { lanes: bound === 'high' ? Math.min(lanes, figures.databaseCores ?? lanes) : lanes }
      for (const step of members) step.group = group
      return members.length > 1
    }
  }
}

/** Those that hit are gone, as the dice fall. */
function answerFromCache(
  draft: Draft,
  reads: readonly Step[],
  { hitFraction, coldHitFraction }: { readonly hitFraction: number; readonly coldHitFraction: number },
  bound: Bound,
): boolean {
  const fraction = bound === 'high' ? coldHitFraction : hitFraction
  for (const step of reads) if (drawOf(draft, step) < fraction) remove(step)
  return reads.length > 0
}

const isQueryOf =
  (statementId: string) =>
  ({ span }: Step) =>
    span.kind === 'query' && span.statementId === statementId

const isReadOfCache =
  (keyTemplate: string) =>
  ({ span }: Step) =>
    span.hit !== undefined && span.keyTemplate === keyTemplate

/**
 * Evenly over 0 to 1 and always the same: which key of which moment is in the cache nobody knows, only how many are. FNV-1a, as
 * ids of the fair sample themselves are the smallest of their kind.
 */
function drawOf({ trace }: Draft, { span }: Step): number {
  let hash = 0x811c9dc5
  for (const character of `${trace.id} ${span.id}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32
}

/**
 * N runs become one. It cannot take less than the fastest single run, nor more than one round trip and the work of all N;
 * the likely value lies in the middle. The application's time inside the loop goes, at the high end it stays.
 */
function collapse(draft: Draft, loop: readonly Step[], figures: Figures, bound: Bound): boolean {
  const [first, ...others] = loop
  if (!first || others.length === 0) return false
  const runs = figures.runs.get(keyOf(first.span))
  const floorMs = Math.min(runs?.floorMs ?? first.durationMs, first.durationMs)
  const workMs = Math.max(0, (runs?.quietMs ?? floorMs) - floorMs)
  const sumMs = loop.reduce((sum, { durationMs }) => sum + durationMs, 0)
  const mostMs = Math.min(sumMs, floorMs + workMs * loop.length)
  first.durationMs = bound === 'low' ? floorMs : bound === 'high' ? mostMs : (floorMs + mostMs) / 2
  const inLoop = new Set(loop)
  const before = new Map(draft.steps.slice(1).map((step, at) => [step, draft.steps[at]!]))
  for (const step of others) {
    remove(step)
    if (bound !== 'high' && inLoop.has(before.get(step)!)) step.gapFraction = 0
  }
  return true
}

/** Measured medians are worth more than cost, which leaves out the round trip and is in no unit of time (PostgreSQL manual, "Using EXPLAIN"). */
function applyPlan(step: Step, edit: PlanEdit, figures: Figures, bound: Bound): boolean {
  const change = edit.statements.find(({ statementId }) => isQueryOf(statementId)(step))
  if (!change || step.isRemoved) return false
  const roundTripMs = bound === 'low' ? figures.fastestRoundTripMs : figures.roundTripMs
  const overMs = Math.max(0, step.durationMs - roundTripMs)
  const { medianMsBefore, medianMsAfter } = change
  if (medianMsBefore !== undefined && medianMsAfter !== undefined && medianMsBefore > 0) {
    const ratio = medianMsAfter / medianMsBefore
    const scaledMs = Math.max(Math.min(roundTripMs, step.durationMs), step.durationMs * ratio)
    // An idle copy and a loaded server differ by waiting: none of it at the low end, a round trip of it at the high end.
    step.durationMs =
      bound === 'low'
        ? Math.min(scaledMs, Math.max(roundTripMs, medianMsAfter))
        : bound === 'high'
          ? Math.min(step.durationMs, scaledMs + roundTripMs)
          : scaledMs
  } else {
    const ratio = change.costBefore > 0 ? Math.min(1, change.costAfter / change.costBefore) : 1
    // Only the direction of a cost is sure: from nothing beyond the round trip to the root of the ratio, its middle on a log scale.
    const share = bound === 'low' ? 0 : bound === 'high' ? Math.sqrt(ratio) : ratio
    step.durationMs = Math.min(step.durationMs, roundTripMs + overMs * share)
  }
  return true
}

/** Fewer bytes of rows: the query beyond its round trip and the application's time behind it shrink alike; at the high end only half of the query does. */
function applyBytes(draft: Draft, statementId: string, ratio: number, figures: Figures, bound: Bound): boolean {
  const keep = Math.min(1, Math.max(0, ratio))
  const roundTripMs = roundTripWithout(statementId, keep, figures, bound)
  let met = false
  for (const [at, step] of draft.steps.entries()) {
    if (step.isRemoved || !isQueryOf(statementId)(step)) continue
    met = true
    const overMs = Math.max(0, step.durationMs - roundTripMs)
    step.durationMs -= overMs * (1 - keep) * (bound === 'high' ? 0.5 : 1)
    if (bound === 'high') continue
    const next = draft.steps[at + 1]
    if (next) next.gapFraction = Math.min(next.gapFraction, keep)
    else draft.tailFraction = Math.min(draft.tailFraction, keep)
  }
  return met
}

/**
 * Where the statement that shrinks is the one that told the round trip, its rows are in it: all of it shrinks with them at
 * the low end, none at the high end, the middle of both on a log scale.
 */
function roundTripWithout(statementId: string, keep: number, figures: Figures, bound: Bound): number {
  const { roundTripMs, roundTripOf } = figures
  if (roundTripOf !== statementId || bound === 'high') return roundTripMs
  return roundTripMs * (bound === 'low' ? keep : Math.sqrt(keep))
}

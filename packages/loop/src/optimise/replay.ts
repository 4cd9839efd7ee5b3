/** A trace as work and gaps that can be edited, and the moment it would then end: the critical path, with the application's own time kept. */
import type { Span, Trace } from '@whetstone/model'

/** One leaf span, its changes beside what was measured. Times since the start of the trace. */
export interface Step {
  readonly span: Span
  /** Includes the wait for a pool connection in front of it. */
  readonly startMs: number
  readonly endMs: number
  readonly waitMs: number
  /** What it takes after the edits, without the wait. */
  durationMs: number
  /** The wait after the edits. */
  newWaitMs: number
  /** Share of the application's time in front of it that stays. */
  gapFraction: number
  isRemoved: boolean
  /** Members of one group start together, as far as `lanes` allow. */
  group?: { readonly lanes: number }
}

export interface Draft {
  readonly trace: Trace
  readonly steps: readonly Step[]
  /** Application time that the edits take away, ms, wherever it lies. */
  removedGapMs: number
  /** Application time that only leaves the event loop, ms: others no longer wait for it, the request itself does. */
  offloadedMs: number
  /** Share of the application's time that remains: waiting for the event loop that no longer happens. */
  gapWaitFraction: number
  /** Share of the gap behind the last step that stays. */
  tailFraction: number
}

export function draftOf(trace: Trace): Draft {
  const parents = new Set(trace.spans.flatMap(span => (span.parentId === undefined ? [] : [span.parentId])))
  const steps = trace.spans
    // A span around others is their sum; one that starts behind the answer delays nobody.
    .filter(span => !parents.has(span.id) && span.startMs < trace.durationMs)
    .map(span => stepOf(span, trace.durationMs))
    .toSorted((a, b) => a.startMs - b.startMs || a.endMs - b.endMs)
  return { trace, steps, removedGapMs: 0, offloadedMs: 0, gapWaitFraction: 1, tailFraction: 1 }
}

function stepOf(span: Span, traceMs: number): Step {
  const isWait = span.kind === 'pool-wait'
  const waitMs = isWait ? span.durationMs : Math.min(span.poolWaitMs ?? 0, span.startMs)
  const endMs = Math.min(traceMs, span.startMs + span.durationMs)
  return {
    span,
    startMs: isWait ? span.startMs : span.startMs - waitMs,
    endMs,
    waitMs,
    durationMs: isWait ? 0 : endMs - span.startMs,
    newWaitMs: waitMs,
    gapFraction: 1,
    isRemoved: false,
  }
}

/** A step follows what had ended when it started; clocks of two calls in one tick may differ by this much. */
const clockSlackMs = 0.01

/** When the trace ends with its edits. Without edits: its measured duration. */
export function endOf(draft: Draft): number {
  const { steps, trace } = draft
  const byEnd = steps
    .map((step, at) => ({ endMs: step.endMs, at }))
    .toSorted((a, b) => a.endMs - b.endMs || a.at - b.at)
  const newEnds = Array.from<number | undefined>({ length: steps.length })
  const lanes = new Map<object, number[]>()
  let ended = 0
  let lastEndMs = 0
  let newLastEndMs = 0
  let keptGapMs = 0
  for (const [at, step] of steps.entries()) {
    for (; ended < byEnd.length && byEnd[ended]!.endMs <= step.startMs + clockSlackMs; ended++) {
      const newEnd = newEnds[byEnd[ended]!.at]
      if (newEnd === undefined) break
      lastEndMs = byEnd[ended]!.endMs
      newLastEndMs = Math.max(newLastEndMs, newEnd)
    }
    const gapMs = Math.max(0, step.startMs - lastEndMs) * step.gapFraction * draft.gapWaitFraction
    keptGapMs += gapMs
    const start = startInGroup(step, newLastEndMs + gapMs, lanes)
    newEnds[at] = start + step.newWaitMs + step.durationMs
    occupyLane(step, newEnds[at], lanes)
  }
  const measuredEnd = Math.max(0, ...steps.map(({ endMs }) => endMs))
  const newEnd = Math.max(0, ...newEnds.map(end => end ?? 0))
  const tailMs = (trace.durationMs - measuredEnd) * draft.gapWaitFraction * draft.tailFraction
  return Math.max(0, newEnd + tailMs - Math.min(draft.removedGapMs, keptGapMs + tailMs))
}

/** The first of a group starts where it did; the others as soon as a lane is free. */
function startInGroup(step: Step, ownStartMs: number, lanes: Map<object, number[]>): number {
  if (!step.group) return ownStartMs
  const known = lanes.get(step.group)
  if (!known) {
    lanes.set(
      step.group,
      Array.from({ length: Math.max(1, step.group.lanes) }, () => ownStartMs),
    )
    return ownStartMs
  }
  return Math.min(...known)
}

function occupyLane(step: Step, endMs: number, lanes: Map<object, number[]>): void {
  const known = step.group && lanes.get(step.group)
  if (known) known[known.indexOf(Math.min(...known))] = endMs
}

/** Time in which no step ran. */
export function gapsOf({ steps, trace }: Draft): number {
  let coveredTo = 0
  let gapMs = 0
  for (const step of steps) {
    gapMs += Math.max(0, step.startMs - coveredTo)
    coveredTo = Math.max(coveredTo, step.endMs)
  }
  return gapMs + Math.max(0, trace.durationMs - coveredTo)
}

export function remove(step: Step): void {
  step.isRemoved = true
  step.durationMs = 0
  step.newWaitMs = 0
}

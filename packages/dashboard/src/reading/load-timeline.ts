/** A load test over time: latency, what was offered and what was answered, and from when on it is judged. */
import type { LoadReport, LoadStep } from '@whetstone/model'
import { type Timeline, timelineOf } from './timeline.ts'

export interface LoadTimeline extends Timeline {
  /** Until here nothing is judged: the warm-up and what came before the steady state. */
  readonly shadedUntilSeconds: number
  readonly shadedBecause: string
}

export function loadTimelineOf({ steps }: Pick<LoadReport, 'steps'>): LoadTimeline | undefined {
  const timeline = timelineOf({ schema: 'load-curve@1', steps })
  if (timeline === undefined) return undefined
  const measured = steps.find(({ purpose }) => purpose !== 'warm-up')
  const excludedMs = measured?.steadyState?.kind === 'steady' ? measured.steadyState.excludedMs : 0
  const warmUpMs = steps[0]?.purpose === 'warm-up' ? steps[0].durationMs : 0
  const because = [warmUpMs > 0 ? 'warm-up' : '', excludedMs > 0 ? 'what came before it was steady' : '']
  return {
    ...timeline,
    shadedUntilSeconds: (warmUpMs + excludedMs) / 1_000,
    shadedBecause: because.filter(Boolean).join(' and '),
  }
}

/** Without a rate where nobody measured. */
export interface RateWindow {
  readonly seconds: number
  readonly rates: Rates | undefined
}
interface Rates {
  readonly offeredPerSecond: number
  /** Answered well. */
  readonly goodPerSecond: number
  readonly errorsPerSecond: number
}

/** What was offered is what fell due: counted where each interval says so, else the mean of its step. */
export function ratesOf(timeline: Timeline, steps: readonly LoadStep[]): readonly RateWindow[] {
  const began = Date.parse(steps[0]?.startedAt ?? '')
  const offeredAt = (seconds: number): number => {
    const atMs = began + seconds * 1_000
    return steps.findLast(({ startedAt }) => Date.parse(startedAt) <= atMs)?.offeredRatePerSecond ?? 0
  }
  return timeline.windows.map(({ seconds, widthSeconds, requests, errors, due, isGap }) => ({
    seconds,
    rates: isGap
      ? undefined
      : {
          offeredPerSecond: due === undefined ? offeredAt(seconds) : due / widthSeconds,
          goodPerSecond: (requests - errors) / widthSeconds,
          errorsPerSecond: errors / widthSeconds,
        },
  }))
}

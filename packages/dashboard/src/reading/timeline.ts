/** Latency over time: windows wide enough to have percentiles, and the counts of the heatmap on the same axis. */
import type { LoadCurveEvidence, LoadInterval, SerializedHistogram } from '@whetstone/model'
import { merged, quantileMs, valueOfBucket } from './histogram.ts'
import { logRange } from './ticks.ts'

/** A p99 of fewer requests is their maximum. */
const REQUESTS_FOR_P99 = 100
const FEWEST_WINDOWS = 20
const MOST_COLUMNS = 240
const HEATMAP_ROWS = 22

export interface TimeWindow {
  /** Middle of the window, seconds since the start of the first step shown. */
  readonly seconds: number
  readonly widthSeconds: number
  readonly requests: number
  readonly errors: number
  /** Requests that fell due; not known of older runs. */
  readonly due?: number
  readonly p50Ms?: number
  readonly p95Ms?: number
  readonly p99Ms?: number
  readonly response: SerializedHistogram
  /** Nobody measured here, which is something else than a second without an answer. */
  readonly isGap?: true
}
export interface Timeline {
  /** In turn with the gaps between them, so that no line is drawn across one. */
  readonly windows: readonly TimeWindow[]
  readonly columns: readonly TimeWindow[]
  readonly endSeconds: number
  /** Until here the service was only warmed up. */
  readonly warmUpSeconds: number
}

/** Warm-up and measured steps one after another. Undefined without a single interval. */
export function timelineOf(curve: LoadCurveEvidence | undefined): Timeline | undefined {
  const steps = (curve?.steps ?? []).filter(step => step.intervals.length > 0)
  const first = steps[0]
  if (!first) return undefined
  const startMs = Date.parse(first.startedAt)
  const intervals = steps.flatMap(step => {
    const offsetMs = Math.max(0, Date.parse(step.startedAt) - startMs) || 0
    return step.intervals.map(interval => ({ ...interval, atMs: interval.atMs + offsetMs }))
  })
  intervals.sort((a, b) => a.atMs - b.atMs)
  const widthMs = intervalWidthMs(intervals)
  const warmUp = steps.filter(step => step.purpose === 'warm-up')
  return {
    windows: withGaps(windowsOf(intervals, widthMs, perWindow(intervals)), widthMs / 1000),
    columns: windowsOf(intervals, widthMs, Math.ceil(intervals.length / MOST_COLUMNS)),
    endSeconds: (intervals.at(-1)!.atMs + widthMs) / 1000,
    warmUpSeconds: Math.max(0, ...warmUp.map(step => (Date.parse(step.startedAt) - startMs + step.durationMs) / 1000)),
  }
}

export interface Heatmap {
  readonly rangeMs: readonly [low: number, high: number]
  readonly rows: number
  /** `cells[column][row]`, row 0 is the fastest. */
  readonly cells: readonly (readonly number[])[]
  readonly most: number
}

export function heatmapOf({ columns }: Timeline): Heatmap | undefined {
  const all = merged(columns.map(column => column.response))
  const [low, high] = [quantileMs(all, 0.001), quantileMs(all, 1)]
  if (low === undefined || high === undefined) return undefined
  const rangeMs = logRange(Math.max(low, 0.01), Math.max(high, 0.02))
  const perRow = Math.log(rangeMs[1] / rangeMs[0]) / HEATMAP_ROWS
  const cells = columns.map(column => {
    const counts = Array.from({ length: HEATMAP_ROWS }, () => 0)
    for (const [index, count] of column.response.buckets) {
      const row = Math.floor(Math.log(valueOfBucket(index) / 1000 / rangeMs[0]) / perRow)
      counts[Math.min(HEATMAP_ROWS - 1, Math.max(0, row))]! += count
    }
    return counts
  })
  return { rangeMs, rows: HEATMAP_ROWS, cells, most: Math.max(1, ...cells.map(column => Math.max(...column))) }
}

function windowsOf(intervals: readonly LoadInterval[], widthMs: number, size: number): readonly TimeWindow[] {
  return partsOf(intervals, widthMs, size).map(part => {
    const response = merged(part.map(interval => interval.response))
    const [startMs, endMs] = [part[0]!.atMs, endOf(part.at(-1)!, widthMs)]
    return {
      seconds: (startMs + endMs) / 2000,
      widthSeconds: (endMs - startMs) / 1000,
      requests: total(part, 'requests'),
      errors: total(part, 'errors'),
      response,
      ...(part.every(({ lag }) => lag !== undefined)
        ? { due: part.reduce((sum, { lag }) => sum + lag!.count, 0) }
        : {}),
      ...percentilesOf(response),
    }
  })
}

const endOf = ({ atMs, durationMs }: LoadInterval, widthMs: number): number => atMs + (durationMs ?? widthMs)

/** At most `size` intervals each, and none with a gap inside it. */
function partsOf(intervals: readonly LoadInterval[], widthMs: number, size: number): readonly LoadInterval[][] {
  const parts: LoadInterval[][] = []
  for (const interval of intervals) {
    const part = parts.at(-1)
    const before = part?.at(-1)
    const follows = before !== undefined && interval.atMs - endOf(before, widthMs) <= widthMs
    if (part && follows && part.length < size) part.push(interval)
    else parts.push([interval])
  }
  return parts
}

function withGaps(windows: readonly TimeWindow[], widthSeconds: number): readonly TimeWindow[] {
  return windows.flatMap((window, index) => {
    const before = windows[index - 1]
    if (!before) return [window]
    const from = before.seconds + before.widthSeconds / 2
    const to = window.seconds - window.widthSeconds / 2
    return to - from > widthSeconds ? [gapBetween(from, to), window] : [window]
  })
}

const gapBetween = (from: number, to: number): TimeWindow => ({
  seconds: (from + to) / 2,
  widthSeconds: to - from,
  requests: 0,
  errors: 0,
  response: merged([]),
  isGap: true,
})

function percentilesOf(response: SerializedHistogram): Pick<TimeWindow, 'p50Ms' | 'p95Ms' | 'p99Ms'> {
  const [p50Ms, p95Ms, p99Ms] = [0.5, 0.95, 0.99].map(q => quantileMs(response, q))
  return {
    ...(p50Ms === undefined ? {} : { p50Ms }),
    ...(p95Ms === undefined || response.count < 20 ? {} : { p95Ms }),
    ...(p99Ms === undefined || response.count < REQUESTS_FOR_P99 ? {} : { p99Ms }),
  }
}

/** As many intervals as hold enough requests for a p99, as long as enough windows remain to see a course. */
function perWindow(intervals: readonly LoadInterval[]): number {
  const mean = total(intervals, 'requests') / intervals.length
  const wanted = Math.ceil(REQUESTS_FOR_P99 / Math.max(mean, 0.001))
  const least = Math.ceil(intervals.length / MOST_COLUMNS)
  return Math.max(1, least, Math.min(wanted, Math.floor(intervals.length / FEWEST_WINDOWS)))
}

function intervalWidthMs(intervals: readonly LoadInterval[]): number {
  const gaps = intervals.slice(1).map((interval, index) => interval.atMs - intervals[index]!.atMs)
  const positive = gaps.filter(gap => gap > 0).toSorted((a, b) => a - b)
  return positive[Math.floor(positive.length / 2)] ?? 1000
}

function total(intervals: readonly LoadInterval[], key: 'requests' | 'errors'): number {
  return intervals.reduce((sum, interval) => sum + interval[key], 0)
}

/** One series of intervals out of several, on the widest grid among them: what each worker saw in the same seconds, added. */
import type { IntervalCell, LoadInterval, SerializedHistogram } from '@whetstone/model'
import { widthOf } from './interval-grid.ts'
import { mergeHistograms } from './merge-histograms.ts'

/** Widths are a second times a power of two, so that a narrow interval always lies within one wide one. At least `leastWidthMs` wide. */
export function mergeIntervals(series: readonly (readonly LoadInterval[])[], leastWidthMs = 0): LoadInterval[] {
  const all = series.flat()
  const widthMs = all.reduce((widest, interval) => Math.max(widest, widthOf(interval)), leastWidthMs)
  const groups = new Map<number, LoadInterval[]>()
  for (const interval of all) {
    const slot = Math.floor(interval.atMs / widthMs)
    groups.set(slot, [...(groups.get(slot) ?? []), interval])
  }
  return [...groups].sort(([a], [b]) => a - b).map(([slot, group]) => addIntervals(slot * widthMs, group))
}

function addIntervals(atMs: number, group: readonly LoadInterval[]): LoadInterval {
  const endMs = Math.max(...group.map(one => one.atMs + widthOf(one)))
  const lags = defined(group.map(({ lag }) => lag))
  const cells = group.flatMap(one => one.cells ?? [])
  return {
    atMs,
    ...(group.some(({ durationMs }) => durationMs !== undefined) ? { durationMs: endMs - atMs } : {}),
    requests: total(group, ({ requests }) => requests),
    errors: total(group, ({ errors }) => errors),
    response: mergeHistograms(group.map(({ response }) => response)),
    ...(lags.length === 0 ? {} : { lag: mergeHistograms(lags) }),
    ...(cells.length === 0 ? {} : { cells: addCells(cells) }),
  }
}

function addCells(cells: readonly IntervalCell[]): IntervalCell[] {
  return [...grouped(cells, ({ route, statusClass }) => JSON.stringify([route, statusClass])).values()].map(group => ({
    route: group[0]!.route,
    statusClass: group[0]!.statusClass,
    requests: total(group, ({ requests }) => requests),
    response: mergeHistograms(group.map(({ response }) => response)),
  }))
}

/** By key, in the order of first appearance. */
export function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group === undefined) groups.set(key(item), [item])
    else group.push(item)
  }
  return groups
}

export function total<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0)
}

export function defined(histograms: readonly (SerializedHistogram | undefined)[]): SerializedHistogram[] {
  return histograms.filter(histogram => histogram !== undefined)
}

/** The run second by second for charts and windowed limits, in memory that does not grow: a long run gets wider intervals. */
import type { LoadInterval, RouteName } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import type { CompactHistogram } from './compact-histogram.ts'
import { compactOf, emptyCompact, mergedCompact, serializedCompact } from './compact-histogram.ts'
import { MOST_INTERVALS, SECOND_MS } from './interval-grid.ts'
import { classNames, ERROR_CLASS, FIRST_ERROR_STATUS } from './status-class.ts'

const CLASSES = classNames.length

interface StoredCell {
  /** Route × status class. */
  readonly key: number
  requests: number
  response: CompactHistogram
}

interface Stored {
  readonly atMs: number
  durationMs: number
  lag: CompactHistogram
  readonly cells: Map<number, StoredCell>
}

interface OpenCell {
  requests: number
  readonly response: Histogram
}

/** Outcomes are filed under the second in which they arrived; what comes after the last second (the drain) belongs to it. */
export class IntervalSeries {
  readonly #routes: readonly RouteName[]
  readonly #lastIndex: number
  readonly #onSecond: ((interval: LoadInterval) => void) | undefined
  #stored: Stored[] = []
  #widthMs = SECOND_MS
  #index = 0
  #nextMs = SECOND_MS
  /** By route × status class; made when first needed and reused every second. */
  readonly #open: (OpenCell | undefined)[] = []
  readonly #lag = new Histogram()

  constructor(routes: readonly RouteName[], durationMs: number, onSecond?: (interval: LoadInterval) => void) {
    this.#routes = routes
    this.#lastIndex = Math.max(0, Math.ceil(durationMs / SECOND_MS) - 1)
    this.#onSecond = onSecond
    this.#closeAfterLast()
  }

  /** An answer with this status, or a failure (status 0). Instants never decrease. */
  record(atMs: number, route: number, status: number, responseUs: number): void {
    if (atMs >= this.#nextMs) this.#advance(atMs)
    const key = route * CLASSES + ((status / 100) | 0)
    let cell = this.#open[key]
    if (cell === undefined) this.#open[key] = cell = { requests: 0, response: new Histogram() }
    cell.requests++
    if (status !== 0) cell.response.record(responseUs)
  }

  recordLag(atMs: number, lagUs: number): void {
    if (atMs >= this.#nextMs) this.#advance(atMs)
    this.#lag.record(lagUs)
  }

  /** Closes the seconds that have passed without an outcome too, so that a live reader sees the silence. */
  passed(atMs: number): void {
    if (atMs >= this.#nextMs) this.#advance(atMs)
  }

  /** All intervals up to `endMs`, also the empty ones: a second without an answer is the one people look for. */
  finish(endMs: number): LoadInterval[] {
    const last = Math.min(this.#lastIndex, Math.max(0, Math.ceil(endMs / SECOND_MS) - 1))
    while (this.#index <= last) this.#close()
    return this.#stored.map(stored => this.#shown(stored))
  }

  #advance(atMs: number): void {
    const index = Math.min(this.#lastIndex, Math.floor(atMs / SECOND_MS))
    while (this.#index < index) this.#close()
  }

  #close(): void {
    const second: Stored = {
      atMs: this.#index * SECOND_MS,
      durationMs: SECOND_MS,
      lag: compactOf(this.#lag),
      cells: new Map(),
    }
    this.#lag.reset()
    this.#open.forEach((cell, key) => {
      if (cell === undefined || cell.requests === 0) return
      second.cells.set(key, { key, requests: cell.requests, response: compactOf(cell.response) })
      cell.requests = 0
      cell.response.reset()
    })
    this.#index++
    this.#nextMs = (this.#index + 1) * SECOND_MS
    this.#closeAfterLast()
    this.#onSecond?.(this.#shown(second))
    this.#store(second)
  }

  /** The last second takes the drain as well. */
  #closeAfterLast(): void {
    if (this.#index >= this.#lastIndex) this.#nextMs = Infinity
  }

  #store(second: Stored): void {
    const last = this.#stored.at(-1)
    if (last !== undefined && last.durationMs < this.#widthMs) return mergeInto(last, second)
    this.#stored.push(second)
    if (this.#stored.length <= MOST_INTERVALS) return
    this.#widthMs *= 2
    const wider: Stored[] = []
    for (const stored of this.#stored) {
      const before = wider.at(-1)
      if (before !== undefined && before.durationMs < this.#widthMs) mergeInto(before, stored)
      else wider.push(stored)
    }
    this.#stored = wider
  }

  #shown({ atMs, durationMs, lag, cells }: Stored): LoadInterval {
    let requests = 0
    let errors = 0
    let response = emptyCompact
    const byKey = [...cells.values()].sort((a, b) => a.key - b.key)
    for (const { key, requests: count, response: times } of byKey) {
      requests += count
      const statusClass = key % CLASSES
      if (statusClass === ERROR_CLASS || statusClass * 100 >= FIRST_ERROR_STATUS) errors += count
      else response = mergedCompact(response, times)
    }
    return {
      atMs,
      durationMs,
      requests,
      errors,
      response: serializedCompact(response),
      lag: serializedCompact(lag),
      cells: byKey.map(cell => ({
        route: this.#routes[Math.floor(cell.key / CLASSES)]!,
        statusClass: classNames[cell.key % CLASSES]!,
        requests: cell.requests,
        response: serializedCompact(cell.response),
      })),
    }
  }
}

function mergeInto(target: Stored, next: Stored): void {
  target.durationMs += next.durationMs
  target.lag = mergedCompact(target.lag, next.lag)
  for (const [key, cell] of next.cells) {
    const known = target.cells.get(key)
    if (known === undefined) target.cells.set(key, cell)
    else {
      known.requests += cell.requests
      known.response = mergedCompact(known.response, cell.response)
    }
  }
}

/** What some intervals amount to together, for one route or all: the figures a limit is compared with, in memory that does not grow. */
import type { IntervalCell, LoadInterval, RouteName } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { widthOf } from '../record/interval-grid.ts'

export interface Figures {
  readonly requests: number
  readonly errors: number
  readonly ratePerSecond: number
  /** Microseconds, of successful answers. */
  readonly response: Histogram
}

/** A run that ends a timer's breath early still completes its last window. */
const COMPLETE_FRACTION = 0.99

export class Tally implements Figures {
  requests = 0
  errors = 0
  widthMs = 0
  readonly response = new Histogram()
  readonly #route: RouteName | undefined

  constructor(route: RouteName | undefined) {
    this.#route = route
  }

  /** `widthMs` is given for an interval that was cut short. */
  add(interval: LoadInterval, widthMs: number = widthOf(interval)): void {
    this.widthMs += widthMs
    if (this.#route === undefined) {
      this.requests += interval.requests
      this.errors += interval.errors
      if (interval.response.count > 0) this.response.merge(Histogram.fromJSON(interval.response))
      return
    }
    for (const cell of interval.cells ?? []) if (cell.route === this.#route) this.#addCell(cell)
  }

  get ratePerSecond(): number {
    return (this.requests * 1000) / this.widthMs
  }

  reset(): void {
    this.requests = 0
    this.errors = 0
    this.widthMs = 0
    this.response.reset()
  }

  #addCell(cell: IntervalCell): void {
    this.requests += cell.requests
    if (isErrorClass(cell.statusClass)) this.errors += cell.requests
    else if (cell.response.count > 0) this.response.merge(Histogram.fromJSON(cell.response))
  }
}

/** Windows one after the other: each begins with the interval after the last of the one before. */
export class Windows {
  readonly #lengthMs: number
  readonly #tally: Tally
  #startMs = 0

  constructor(lengthMs: number, route: RouteName | undefined) {
    this.#lengthMs = lengthMs
    this.#tally = new Tally(route)
  }

  /** Hands the window to `judge` when this interval completes it; a length between two intervals is rounded up. */
  add(interval: LoadInterval, widthMs: number, judge: (figures: Tally, startMs: number) => void): void {
    if (this.#tally.widthMs === 0) this.#startMs = interval.atMs
    this.#tally.add(interval, widthMs)
    if (this.#tally.widthMs < this.#lengthMs * COMPLETE_FRACTION) return
    judge(this.#tally, this.#startMs)
    this.#tally.reset()
  }
}

/** Requests without an answer and 5xx: never fast answers. */
export function isErrorClass(statusClass: string): boolean {
  return statusClass === 'error' || statusClass === '5xx'
}

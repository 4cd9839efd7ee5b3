/** The figures of an interval by route and status class, and of one that was kept without them as a whole. */
import type { LoadInterval } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { isErrorClass } from '../thresholds/tally.ts'

export interface Cell {
  /** Empty where the interval was not kept by route. */
  readonly route: string
  readonly statusClass: string
  readonly requests: number
  readonly errors: number
  /** Microseconds; empty for requests without an answer. */
  readonly response: Histogram
}

export function cellsOf({ cells, requests, errors, response }: LoadInterval): Cell[] {
  if (cells === undefined) {
    return requests === 0
      ? []
      : [{ route: '', statusClass: '', requests, errors, response: Histogram.fromJSON(response) }]
  }
  return cells.map(cell => ({
    route: cell.route,
    statusClass: cell.statusClass,
    requests: cell.requests,
    errors: isErrorClass(cell.statusClass) ? cell.requests : 0,
    response: Histogram.fromJSON(cell.response),
  }))
}

/** One entry a second for the time chart and the heatmap, closed as time passes so that memory stays small. */
import type { LoadInterval } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'

const INTERVAL_MS = 1000

/** Outcomes are filed under the second in which they arrived; what comes after the last second (the drain) belongs to it. */
export class IntervalSeries {
  readonly #closed: LoadInterval[] = []
  readonly #lastIndex: number
  #index = 0
  #requests = 0
  #errors = 0
  readonly #response = new Histogram()

  constructor(durationMs: number) {
    this.#lastIndex = Math.max(0, Math.ceil(durationMs / INTERVAL_MS) - 1)
  }

  /** `responseUs` is undefined for an error. Instants never decrease. */
  record(atMs: number, responseUs: number | undefined): void {
    const index = Math.min(this.#lastIndex, Math.floor(atMs / INTERVAL_MS))
    while (this.#index < index) this.#close()
    this.#requests++
    if (responseUs === undefined) this.#errors++
    else this.#response.record(responseUs)
  }

  /** All intervals up to `endMs`, also the empty ones: a second without an answer is the one people look for. */
  finish(endMs: number): LoadInterval[] {
    const last = Math.min(this.#lastIndex, Math.max(0, Math.ceil(endMs / INTERVAL_MS) - 1))
    while (this.#index <= last) this.#close()
    return this.#closed
  }

  #close(): void {
    this.#closed.push({
      atMs: this.#index * INTERVAL_MS,
      requests: this.#requests,
      errors: this.#errors,
      response: this.#response.toJSON(),
    })
    this.#index++
    this.#requests = 0
    this.#errors = 0
    this.#response.reset()
  }
}

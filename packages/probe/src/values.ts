/** Values of one second, kept as they come and made a histogram of when they are shipped: recording into one for every request would cost more. */
import type { SerializedHistogram } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'

/** A second's worth; whatever is faster is folded early. */
const valuesKept = 20_000
/** Shared by all: it serves for a moment, at shipping. */
const scratch = new Histogram()

export class Values {
  #values: number[] = []
  #folded: Histogram | undefined

  add(value: number): void {
    if (this.#values.length >= valuesKept) this.#fold()
    this.#values.push(value)
  }

  take(): SerializedHistogram {
    const histogram = this.#folded ?? scratch
    for (const value of this.#values) histogram.record(value)
    const json = histogram.toJSON()
    histogram.reset()
    this.#folded = undefined
    this.#values = []
    return json
  }

  #fold(): void {
    this.#folded ??= new Histogram()
    for (const value of this.#values) this.#folded.record(value)
    this.#values = []
  }
}

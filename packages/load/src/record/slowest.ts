/** The slowest answers that can be looked up as traces, at most so many. */
import type { SlowSample } from '@whetstone/model'

export const MOST_SLOWEST = 20

export class SlowestSamples {
  #samples: SlowSample[] = []

  offer(sample: SlowSample): void {
    if (this.#samples.length === MOST_SLOWEST && sample.responseMs <= this.#samples.at(-1)!.responseMs) return
    const before = this.#samples.findIndex(({ responseMs }) => responseMs < sample.responseMs)
    this.#samples.splice(before === -1 ? this.#samples.length : before, 0, sample)
    this.#samples.length = Math.min(this.#samples.length, MOST_SLOWEST)
  }

  /** Slowest first. */
  get list(): readonly SlowSample[] {
    return this.#samples
  }
}

/** What is shown while several workers run: their counts added, and quantiles over the seconds all have handed over. */
import type { LoadInterval } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import type { LiveInterval } from '../engine/live.ts'

export class LiveFigures {
  readonly #response = new Histogram()

  second({ response }: LoadInterval): void {
    this.#response.merge(Histogram.fromJSON(response))
  }

  /** `latest`: of each worker, at least one. */
  live(latest: readonly LiveInterval[]): LiveInterval {
    const measured = latest.filter(({ purpose }) => purpose !== 'warm-up')
    const same = measured.length > 0 ? measured : latest
    const furthest = same.reduce((a, b) => (b.atMs <= a.atMs ? a : b))
    const sum = (of: (one: LiveInterval) => number) => same.reduce((total, one) => total + of(one), 0)
    const quantileMs = (q: number) => (this.#response.count === 0 ? undefined : this.#response.quantile(q) / 1000)
    return {
      purpose: furthest.purpose,
      atMs: furthest.atMs,
      stepDurationMs: furthest.stepDurationMs,
      sent: sum(({ sent }) => sent),
      completed: sum(({ completed }) => completed),
      errors: sum(({ errors }) => errors),
      inFlight: sum(({ inFlight }) => inFlight),
      p50Ms: quantileMs(0.5),
      p95Ms: quantileMs(0.95),
      p99Ms: quantileMs(0.99),
    }
  }
}

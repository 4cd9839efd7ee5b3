/** One timer for everything in a pool that must end by some instant: arming a timer for each call would cost more than the call may. */
import { longestTimerMs } from './options.ts'

export interface TimeLimit {
  /** Of `performance.now()`. */
  readonly atMs: number
  expire(): void
}

export class TimeLimits {
  readonly #limits = new Set<TimeLimit>()
  #timer: NodeJS.Timeout | undefined
  #firesAtMs = Infinity

  add(limit: TimeLimit): void {
    if (limit.atMs === Infinity) return
    this.#limits.add(limit)
    if (limit.atMs < this.#firesAtMs) this.#arm(limit.atMs)
  }

  /** The timer stays as it is: most limits are kept, and the next one would only arm it again. */
  delete(limit: TimeLimit): void {
    this.#limits.delete(limit)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#limits.clear()
  }

  #arm(atMs: number): void {
    clearTimeout(this.#timer)
    this.#firesAtMs = atMs
    const inMs = Math.min(longestTimerMs, Math.max(1, Math.ceil(atMs - performance.now())))
    // What is limited has a socket that keeps the process alive; the timer itself need not.
    this.#timer = setTimeout(() => this.#fire(), inMs).unref()
  }

  #fire(): void {
    this.#firesAtMs = Infinity
    const nowMs = performance.now()
    let nextMs = Infinity
    for (const limit of this.#limits) {
      if (limit.atMs > nowMs) nextMs = Math.min(nextMs, limit.atMs)
      else {
        this.#limits.delete(limit)
        limit.expire()
      }
    }
    if (nextMs < this.#firesAtMs) this.#arm(nextMs)
  }
}

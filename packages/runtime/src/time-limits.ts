/** One timer for everything of one owner that must end by some instant: arming a timer for each call would cost more than the call may. */
import { Fault } from './fault.ts'

/** `setTimeout` takes no more; beyond it the timer is armed again. */
export const longestTimerMs = 2 ** 31 - 1

export interface TimeLimit {
  /** Of `performance.now()`; `Infinity` never expires. */
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
    // A millisecond late rather than early: timers round down.
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

/** @param started whether the call may have had an effect: then it is not retryable */
export function deadlineFault(started: boolean): Fault {
  return new Fault('FAULT_DEADLINE', 'the deadline passed before the answer came', { retryable: !started })
}

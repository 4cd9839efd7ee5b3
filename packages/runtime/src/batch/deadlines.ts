/** One timer for all who wait with a deadline: a timer for each call would cost more than most calls. */
import { Fault } from '../fault.ts'

export interface Impatient {
  readonly deadlineMs: number
  expire(fault: Fault): void
  /** Whether the call it waits for has begun. */
  readonly started: boolean
}

export class Deadlines {
  readonly #waiting = new Set<Impatient>()
  #timer: NodeJS.Timeout | undefined
  #firesAtMs = Infinity

  add(waiter: Impatient): void {
    this.#waiting.add(waiter)
    this.#arm(waiter.deadlineMs)
  }

  delete(waiter: Impatient): void {
    this.#waiting.delete(waiter)
    if (this.#waiting.size === 0) this.#disarm()
  }

  #arm(atMs: number): void {
    if (atMs >= this.#firesAtMs) return
    this.#disarm()
    this.#firesAtMs = atMs
    // A millisecond late rather than early: timers round down.
    this.#timer = setTimeout(() => this.#fire(), Math.max(1, Math.ceil(atMs - performance.now())))
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    this.#firesAtMs = Infinity
  }

  #fire(): void {
    this.#firesAtMs = Infinity
    const nowMs = performance.now()
    let next = Infinity
    for (const waiter of this.#waiting) {
      if (waiter.deadlineMs > nowMs) next = Math.min(next, waiter.deadlineMs)
      else {
        this.#waiting.delete(waiter)
        waiter.expire(deadlineFault(waiter.started))
      }
    }
    if (next < Infinity) this.#arm(next)
  }
}

export function deadlineFault(started: boolean): Fault {
  return new Fault('FAULT_DEADLINE', 'the deadline passed before the answer came', { retryable: !started })
}

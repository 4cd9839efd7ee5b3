/** Callers that wait for a connection, first come, first served; each may leave at any time at no cost to the others. */
import type { TimeLimit } from '../../time-limits.ts'

export interface Waiter<T> extends TimeLimit {
  readonly sinceMs: number
  /** Whether every connection was lent when it came: then its wait speaks of the pool's size. */
  readonly foundFull: boolean
  serve(error: Error | undefined, served?: T): void
}

export class WaitQueue<T> {
  readonly #waiters = new Set<Waiter<T>>()

  get length(): number {
    return this.#waiters.size
  }

  push(waiter: Waiter<T>): void {
    this.#waiters.add(waiter)
  }

  shift(): Waiter<T> | undefined {
    const first = this.#waiters.values().next().value
    if (first) this.#waiters.delete(first)
    return first
  }

  /** @returns false when it had left before */
  delete(waiter: Waiter<T>): boolean {
    return this.#waiters.delete(waiter)
  }
}

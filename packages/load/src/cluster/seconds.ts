/** The workers' seconds brought together: each is told once, when all who still work have handed it over. */
import type { LoadInterval } from '@whetstone/model'
import { mergeIntervals } from '../record/merge-intervals.ts'

export class Seconds {
  readonly #tell: (second: LoadInterval) => void
  readonly #waiting = new Map<number, LoadInterval[]>()
  /** Start of the second that each worker handed over last. */
  readonly #lastMs = new Map<number, number>()
  #toldMs = -1

  constructor(tell: (second: LoadInterval) => void) {
    this.#tell = tell
  }

  add(worker: number, second: LoadInterval): void {
    this.#lastMs.set(worker, second.atMs)
    // Of a worker that was thought lost and came back: the others' second has been told without it.
    if (second.atMs <= this.#toldMs) return
    const known = this.#waiting.get(second.atMs)
    if (known === undefined) this.#waiting.set(second.atMs, [second])
    else known.push(second)
  }

  /** Tells what all of `working` have handed over. */
  flush(working: readonly number[]): void {
    const completeMs = Math.min(...working.map(worker => this.#lastMs.get(worker) ?? -1))
    for (const atMs of [...this.#waiting.keys()].sort((a, b) => a - b)) {
      if (atMs > completeMs) return
      const [second] = mergeIntervals([this.#waiting.get(atMs)!])
      this.#waiting.delete(atMs)
      this.#toldMs = atMs
      if (second !== undefined) this.#tell(second)
    }
  }
}

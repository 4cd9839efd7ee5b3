/** Users who think, by the instant they go on: a binary heap, so that ten thousand of them need one timer between them. */

interface Sleeper<T> {
  readonly atMs: number
  readonly user: T
}

export class Sleepers<T> {
  readonly #heap: Sleeper<T>[] = []

  get size(): number {
    return this.#heap.length
  }

  /** When the first wakes; Infinity when nobody sleeps. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Infinity
  }

  add(atMs: number, user: T): void {
    const heap = this.#heap
    let at = heap.length
    const sleeper = { atMs, user }
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (heap[parent]!.atMs <= atMs) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = sleeper
  }

  /** Takes out the first; there must be one. */
  take(): T {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) {
      let at = 0
      for (let child = 1; child < heap.length; child = 2 * at + 1) {
        if (child + 1 < heap.length && heap[child + 1]!.atMs < heap[child]!.atMs) child++
        if (heap[child]!.atMs >= last.atMs) break
        heap[at] = heap[child]!
        at = child
      }
      heap[at] = last
    }
    return first.user
  }
}

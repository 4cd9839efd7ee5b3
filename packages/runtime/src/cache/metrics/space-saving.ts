/** The keys seen most often, in so much memory and no more, however many keys there are. */

export interface CountedKey {
  readonly key: string
  /** At most so often, and at least `count - overcount`. */
  readonly count: number
  readonly overcount: number
}

/**
 * Every key seen more often than the n-th part of all, n being the capacity, is among those kept. Metwally, Agrawal, El Abbadi: "Efficient
 * computation of frequent and top-k elements in data streams", ICDT 2005. A heap, the least seen on top.
 */
export class SpaceSaving {
  readonly #capacity: number
  readonly #heap: { key: string; count: number; overcount: number }[] = []
  readonly #placeOf = new Map<string, number>()

  /** @param capacity keys kept, at least 1 */
  constructor(capacity: number) {
    if (!(capacity >= 1)) throw new RangeError(`capacity of the top keys must be at least 1, not ${capacity}`)
    this.#capacity = capacity
  }

  note(key: string): void {
    const place = this.#placeOf.get(key)
    if (place !== undefined) {
      this.#heap[place]!.count++
      this.#sink(place)
    } else if (this.#heap.length < this.#capacity) {
      this.#heap.push({ key, count: 1, overcount: 0 })
      this.#rise(this.#heap.length - 1)
    } else {
      // The newcomer may have been seen as often as the one it replaces: nobody knows, so that is its error.
      const { key: least, count } = this.#heap[0]!
      this.#placeOf.delete(least)
      this.#heap[0] = { key, count: count + 1, overcount: count }
      this.#placeOf.set(key, 0)
      this.#sink(0)
    }
  }

  /** The most seen first. */
  top(count: number): readonly CountedKey[] {
    return this.#heap
      .toSorted((one, other) => other.count - one.count)
      .slice(0, count)
      .map(counted => ({ ...counted }))
  }

  #rise(place: number): void {
    const item = this.#heap[place]!
    for (let at = place; ;) {
      const above = (at - 1) >> 1
      if (at === 0 || this.#heap[above]!.count <= item.count) return this.#put(at, item)
      this.#put(at, this.#heap[above]!)
      at = above
    }
  }

  #sink(place: number): void {
    const item = this.#heap[place]!
    for (let at = place; ;) {
      let below = 2 * at + 1
      if (below + 1 < this.#heap.length && this.#heap[below + 1]!.count < this.#heap[below]!.count) below++
      if (below >= this.#heap.length || this.#heap[below]!.count >= item.count) return this.#put(at, item)
      this.#put(at, this.#heap[below]!)
      at = below
    }
  }

  #put(place: number, item: { key: string; count: number; overcount: number }): void {
    this.#heap[place] = item
    this.#placeOf.set(item.key, place)
  }
}

/** A map that refuses new keys when it is full, and counts what it refused. */
export class BoundedMap<Key, Value> {
  readonly #map = new Map<Key, Value>()
  readonly #limit: number
  overflowed = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#map.size
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key)
  }

  /** False when the key was not kept. */
  set(key: Key, value: Value): boolean {
    if (this.#map.size >= this.#limit && !this.#map.has(key)) {
      this.overflowed++
      return false
    }
    this.#map.set(key, value)
    return true
  }

  clear(): void {
    this.#map.clear()
  }

  values(): IterableIterator<Value> {
    return this.#map.values()
  }
}

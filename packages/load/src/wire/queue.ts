/** First in, first out, without moving what waits: taking from a plain array of thousands would be quadratic. */

/** Taken entries are let go of in blocks of this size. */
const COMPACT_AT = 1024

export class Queue<T> {
  #entries: T[] = []
  #head = 0

  get length(): number {
    return this.#entries.length - this.#head
  }

  get first(): T | undefined {
    return this.#entries[this.#head]
  }

  push(entry: T): void {
    this.#entries.push(entry)
  }

  /** To the front. */
  putBack(entry: T): void {
    if (this.#head > 0) this.#entries[--this.#head] = entry
    else this.#entries.unshift(entry)
  }

  take(): T | undefined {
    if (this.#head === this.#entries.length) return undefined
    const entry = this.#entries[this.#head++]
    if (this.#head === this.#entries.length) this.clear()
    else if (this.#head > COMPACT_AT && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
    return entry
  }

  clear(): void {
    this.#entries.length = 0
    this.#head = 0
  }
}

/** Things that are named by index: each once, in the order they first came up. */

export class Registry<T> {
  readonly #all: T[] = []
  readonly #indexes = new Map<string, number>()
  readonly #key: (item: T) => string

  constructor(key: (item: T) => string) {
    this.#key = key
  }

  index(item: T): number {
    const key = this.#key(item)
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    this.#indexes.set(key, this.#all.length)
    return this.#all.push(item) - 1
  }

  get all(): readonly T[] {
    return this.#all
  }
}

/** When each tag was last invalidated: so that a thousand answers go at once without looking for one of them. */
import type { Version } from '../tier.ts'

export class TagStamps {
  readonly #maxTags: number
  /** In the order of their stamps. */
  readonly #stamps = new Map<string, Version>()
  /** Of the newest stamp that was forgotten: what is not newer has to count as invalidated. */
  #floor: Version = 0
  /** Grows with every stamp, so that an answer compared since need not be again. */
  count = 0

  constructor(maxTags: number) {
    this.#maxTags = maxTags
  }

  stamp(tag: string, version: Version): void {
    this.count++
    this.#stamps.delete(tag)
    this.#stamps.set(tag, version)
    if (this.#stamps.size <= this.#maxTags) return
    const [oldest, at] = this.#stamps.entries().next().value!
    this.#stamps.delete(oldest)
    this.#floor = Math.max(this.#floor, at)
  }

  /** True when any of its tags was invalidated at its version or later. */
  outdates(tags: readonly string[], version: Version): boolean {
    return tags.some(tag => (this.#stamps.get(tag) ?? this.#floor) >= version)
  }
}

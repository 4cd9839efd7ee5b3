/** How long callers waited, in buckets that grow by a fixed ratio: small, mergeable, and right to within nine percent. */

/** Four buckets to each doubling, from a microsecond to some eighteen minutes. */
const perDoubling = 4
const leastMs = 0.001
const buckets = 120

export class WaitHistogram {
  readonly #counts = new Uint32Array(buckets)
  #count = 0
  #longestMs = 0

  get count(): number {
    return this.#count
  }

  get longestMs(): number {
    return this.#longestMs
  }

  add(waitedMs: number): void {
    this.#count++
    if (waitedMs > this.#longestMs) this.#longestMs = waitedMs
    const bucket = waitedMs <= leastMs ? 0 : Math.ceil(Math.log2(waitedMs / leastMs) * perDoubling)
    this.#counts[Math.min(buckets - 1, bucket)]!++
  }

  /**
   * Nearest rank among `of` acquisitions, of which those not recorded did not wait.
   * @param fraction from 0 to 1 @returns milliseconds: the middle of the bucket, never above the longest wait
   */
  quantile(fraction: number, of = this.#count): number {
    let rank = Math.ceil(fraction * of) - (of - this.#count)
    if (rank <= 0 || this.#count === 0) return 0
    for (let bucket = 0; bucket < buckets; bucket++) {
      rank -= this.#counts[bucket]!
      if (rank <= 0) return Math.min(this.#longestMs, leastMs * 2 ** ((bucket - 0.5) / perDoubling))
    }
    return this.#longestMs
  }

  mergedWith(other: WaitHistogram): WaitHistogram {
    const merged = new WaitHistogram()
    for (let bucket = 0; bucket < buckets; bucket++)
      merged.#counts[bucket] = this.#counts[bucket]! + other.#counts[bucket]!
    merged.#count = this.#count + other.#count
    merged.#longestMs = Math.max(this.#longestMs, other.#longestMs)
    return merged
  }
}

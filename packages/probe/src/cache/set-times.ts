/** For how long values are kept, and whether many are set at once to end at once. */
import type { CacheKeys } from '@whetstone/model'

const ttlsKept = 64
const ttlsTold = 16

export class SetTimes {
  #sets = 0
  readonly #byTtl = new Map<number | null, number>()
  #second = 0
  #inSecond = new Map<number | null, number>()
  #busiest: { readonly sets: number; readonly sameTtlFraction: number } | undefined

  add(ttlMs: number | undefined, atMs: number): void {
    this.#sets++
    const ttl = ttlMs ?? null
    if (this.#byTtl.size < ttlsKept || this.#byTtl.has(ttl)) this.#byTtl.set(ttl, (this.#byTtl.get(ttl) ?? 0) + 1)
    const second = Math.floor(atMs / 1_000)
    if (second !== this.#second) {
      this.#busiest = this.#busiestNow()
      this.#inSecond = new Map()
      this.#second = second
    }
    if (this.#inSecond.size < ttlsKept || this.#inSecond.has(ttl))
      this.#inSecond.set(ttl, (this.#inSecond.get(ttl) ?? 0) + 1)
  }

  /** The newest set without a TTL has one after all. */
  correct(ttlMs: number | undefined, atMs: number): void {
    const without = this.#byTtl.get(null) ?? 0
    if (without === 0) return
    if (without === 1) this.#byTtl.delete(null)
    else this.#byTtl.set(null, without - 1)
    this.#sets--
    const inSecond = this.#inSecond.get(null)
    if (inSecond !== undefined && Math.floor(atMs / 1_000) === this.#second) this.#inSecond.set(null, inSecond - 1)
    this.add(ttlMs, atMs)
  }

  figures(): Pick<CacheKeys, 'sets' | 'ttls' | 'busiestSetSecond'> {
    const busiest = this.#busiestNow()
    return {
      sets: this.#sets,
      ttls: [...this.#byTtl]
        .toSorted((a, b) => b[1] - a[1])
        .slice(0, ttlsTold)
        .map(([ttlMs, sets]) => ({ ttlMs, sets })),
      ...(busiest && { busiestSetSecond: busiest }),
    }
  }

  #busiestNow(): { readonly sets: number; readonly sameTtlFraction: number } | undefined {
    const counts = [...this.#inSecond.values()]
    const sets = counts.reduce((sum, count) => sum + count, 0)
    if (sets === 0 || sets <= (this.#busiest?.sets ?? 0)) return this.#busiest
    return { sets, sameTtlFraction: Math.max(...counts) / sets }
  }
}

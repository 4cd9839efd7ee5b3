/** The keys that statements and caches were asked for, of one process or of several: the smallest sample of keys is what all of them have. */
import type { KeyReads } from '@whetstone/model'

const readersKept = 200
/** What one process may send; of several, the newest keys would be those of the last process. */
const readsKept = 8_000
const allKeys = 2 ** 32

export class ReadTotals {
  readonly #reads = new Map<string, KeyReads>()

  /** @param id of what was read: a statement, or keys of one template */
  add(id: string, { keyFraction, keys, atMs }: KeyReads): void {
    const known = this.#reads.get(id)
    if (!known && this.#reads.size >= readersKept) return
    let merged = sampled({
      keyFraction: Math.min(keyFraction, known?.keyFraction ?? 1),
      keys: [...(known?.keys ?? []), ...keys],
      atMs: [...(known?.atMs ?? []), ...atMs],
    })
    while (merged.keys.length > readsKept) {
      const half = sampled({ ...merged, keyFraction: merged.keyFraction / 2 })
      // A few keys that are all of the reads cannot be divided: the rest is left out.
      if (half.keys.length < merged.keys.length / 8 || half.keys.length > (merged.keys.length * 7) / 8) break
      merged = half
    }
    this.#reads.set(id, {
      ...merged,
      keys: merged.keys.slice(0, readsKept),
      atMs: merged.atMs.slice(0, readsKept),
    })
  }

  merge(other: ReadTotals): void {
    for (const [id, reads] of other.#reads) this.add(id, reads)
  }

  /** In the order of time, whichever process read. */
  inOrder(): ReadonlyMap<string, KeyReads> {
    return new Map(
      [...this.#reads].map(([id, { keyFraction, keys, atMs }]) => {
        const order = keys.map((_, at) => at).toSorted((a, b) => atMs[a]! - atMs[b]!)
        return [id, { keyFraction, keys: order.map(at => keys[at]!), atMs: order.map(at => atMs[at]!) }]
      }),
    )
  }
}

function sampled({ keys, atMs, ...rest }: KeyReads): KeyReads {
  const isIn = (_: number, at: number): boolean => keys[at]! < rest.keyFraction * allKeys
  return { ...rest, keys: keys.filter(isIn), atMs: atMs.filter(isIn) }
}

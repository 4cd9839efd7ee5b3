/** The keys that statements were asked for, of one process or of several: the smallest sample of keys is what all of them have. */
import type { StatementReads } from '@whetstone/model'

const statementsKept = 100
/** What one process may send; of several, the newest keys would be those of the last process. */
const readsKept = 8_000
const allKeys = 2 ** 32

export class ReadTotals {
  readonly #reads = new Map<string, StatementReads>()

  add({ statementId, keyFraction, keys, atMs }: StatementReads): void {
    const known = this.#reads.get(statementId)
    if (!known && this.#reads.size >= statementsKept) return
    let merged = sampled({
      statementId,
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
    this.#reads.set(statementId, {
      ...merged,
      keys: merged.keys.slice(0, readsKept),
      atMs: merged.atMs.slice(0, readsKept),
    })
  }

  merge(other: ReadTotals): void {
    for (const reads of other.#reads.values()) this.add(reads)
  }

  /** In the order of time, whichever process read. */
  list(): StatementReads[] {
    return [...this.#reads.values()].map(({ keys, atMs, ...rest }) => {
      const order = keys.map((_, at) => at).toSorted((a, b) => atMs[a]! - atMs[b]!)
      return { ...rest, keys: order.map(at => keys[at]!), atMs: order.map(at => atMs[at]!) }
    })
  }
}

function sampled({ keys, atMs, ...rest }: StatementReads): StatementReads {
  const isIn = (_: number, at: number): boolean => keys[at]! < rest.keyFraction * allKeys
  return { ...rest, keys: keys.filter(isIn), atMs: atMs.filter(isIn) }
}

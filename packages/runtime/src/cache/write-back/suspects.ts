/** Which writes their origin will never take: told apart from an origin that takes nothing at all. Pure: the clock and the dice come in. */
import type { JournalEntry } from './journal.ts'

interface Suspect {
  readonly sequence: number
  tries: number
  /** Not tried again before. */
  dueMs: number
  /** Of the origin's successes, when this failed last. */
  acceptedThen: number
  failures: number
}

export interface SuspectLimits {
  /** At most so many writes in a batch. */
  readonly maxBatch: number
  readonly firstPauseMs: number
  readonly longestPauseMs: number
  /** So often a write must fail alone, others being taken in between, to be set aside. */
  readonly maxTries: number
  readonly random: () => number
}

/** Beyond, nobody looks for more: then it is the origin, not the writes. */
const mostSuspects = 1_000

export class Suspects {
  readonly #limits: SuspectLimits
  readonly #suspects = new Map<string, Suspect>()
  #batch: number
  #accepted = 0
  #failuresInRow = 0

  constructor(limits: SuspectLimits) {
    this.#limits = limits
    this.#batch = limits.maxBatch
  }

  /** How many to try together: halved by each failure until the one that fails stands alone, doubled by each success. */
  get batch(): number {
    return this.#batch
  }

  /** Left out of batches: each is tried alone, so that it holds up nobody else. */
  get keys(): readonly string[] {
    return Array.from(this.#suspects.keys())
  }

  /** One that may be tried again. */
  dueKey(nowMs: number): string | undefined {
    for (const [key, { dueMs }] of this.#suspects) if (dueMs <= nowMs) return key
    return undefined
  }

  /** When the next of them may be; `Infinity` when there is none. */
  nextDueMs(): number {
    return Math.min(...Array.from(this.#suspects.values(), ({ dueMs }) => dueMs), Infinity)
  }

  accepted(entries: readonly JournalEntry[]): void {
    this.#accepted += entries.length
    this.#failuresInRow = 0
    this.#batch = Math.min(this.#limits.maxBatch, this.#batch * 2)
    for (const { key } of entries) this.#suspects.delete(key)
  }

  /** @returns how long to leave the origin alone, and how often the one write failed if it is to be set aside */
  failed(
    entries: readonly JournalEntry[],
    nowMs: number,
  ): { readonly pauseMs: number; readonly setAsideAfter?: number } {
    if (entries.length > 1) {
      this.#batch = Math.max(1, entries.length >> 1)
      return { pauseMs: this.#pause(1) }
    }
    const { key, sequence } = entries[0]!
    const before = this.#suspects.get(key)
    // A newer write of the key is another write; it may be taken where the older was not.
    const suspect =
      before?.sequence === sequence ? before : { sequence, tries: 0, dueMs: 0, acceptedThen: -1, failures: 0 }
    // While nothing is taken, a failure says nothing about this write.
    if (this.#accepted > suspect.acceptedThen) suspect.tries++
    suspect.failures++
    suspect.acceptedThen = this.#accepted
    suspect.dueMs = nowMs + this.#pause(suspect.failures)
    if (before !== undefined || this.#suspects.size < mostSuspects) this.#suspects.set(key, suspect)
    if (suspect.tries >= this.#limits.maxTries) return { pauseMs: 0, setAsideAfter: suspect.failures }
    return { pauseMs: this.#pause(++this.#failuresInRow) }
  }

  forget(key: string): void {
    this.#suspects.delete(key)
  }

  /** Doubled each time, and half of it left to chance, so that processes do not come back together. */
  #pause(times: number): number {
    const { firstPauseMs, longestPauseMs, random } = this.#limits
    return Math.min(longestPauseMs, firstPauseMs * 2 ** (times - 1)) * (0.5 + random() / 2)
  }
}

/** How far a replica is behind, in time as well as in bytes, from what the primary was seen to have written when. */

/** An hour at four probes a second would be 14,400; what is older than this is far beyond any budget. */
const capacity = 1200

export interface Lag {
  readonly bytes: number
  /** At least: what the primary wrote between two probes has no time of its own. */
  readonly ms: number
}

/**
 * The server's own `now() - pg_last_xact_replay_timestamp()` grows while nobody writes and is off by the difference of two clocks; this is
 * neither, and needs no privilege.
 */
export class WriteHistory {
  #seen: { atMs: number; lsn: number }[] = []

  /** Forgets what was before when the log went back: then it is another primary's. */
  saw(atMs: number, lsn: number): void {
    const last = this.#seen.at(-1)
    if (last !== undefined && lsn < last.lsn) this.#seen = []
    // While nothing is written the first sight counts: since then a replica at this place has nothing to replay.
    if (last !== undefined && lsn === last.lsn) return
    this.#seen.push({ atMs, lsn })
    if (this.#seen.length > capacity) this.#seen.shift()
  }

  get lsn(): number | undefined {
    return this.#seen.at(-1)?.lsn
  }

  /**
   * @param replayAgeMs age of the last transaction it replayed by its own clock: taken when it is behind all that was seen here, as it may be
   * when the process has just begun
   */
  lagOf(replayLsn: number, nowMs: number, replayAgeMs: number): Lag {
    const newest = this.#seen.at(-1)
    if (newest === undefined || replayLsn >= newest.lsn) return { bytes: 0, ms: 0 }
    const missing = this.#seen.find(({ lsn }) => lsn > replayLsn)!
    const ms = nowMs - missing.atMs
    return { bytes: newest.lsn - replayLsn, ms: missing === this.#seen[0] ? Math.max(ms, replayAgeMs) : ms }
  }
}

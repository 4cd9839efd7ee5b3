/** In which order each statement, or each kind of key of a cache, was asked for its keys, for a sample of the keys: what a cache in front of it would have seen. */
import { performance } from 'node:perf_hooks'
import type { KeyReads, StatementReads } from '@whetstone/model'
import type { StatementRecord } from './statements.ts'

const statementsKept = 100
const readsKept = 2_000
const allKeys = 2 ** 32
/** A getter that asks the system: read once, not for every statement. */
const { timeOrigin } = performance

/**
 * All reads of the keys below a bound that falls by half whenever there are too many: a sample by key keeps how often and how
 * far apart a key is read, which a sample of requests does not (Waldspurger et al., "Efficient MRC Construction with SHARDS", FAST '15).
 */
export class ReadKeys {
  #below = allKeys
  #keys: number[] = []
  #atMs: number[] = []
  #shipped = 0
  #isFull = false

  /** @param hash equal for equal parameters, 32 bits */
  add(hash: number, atMs: number): void {
    if (this.#isFull) return
    const key = scattered(hash)
    if (key >= this.#below) return
    this.#keys.push(key)
    this.#atMs.push(Math.round(atMs))
    if (this.#keys.length >= readsKept) this.#halve()
  }

  /** What came since the last call; undefined when nothing did. */
  take(): KeyReads | undefined {
    if (this.#shipped === this.#keys.length) return undefined
    const reads = {
      keyFraction: this.#below / allKeys,
      keys: this.#keys.slice(this.#shipped),
      atMs: this.#atMs.slice(this.#shipped),
    }
    this.#shipped = this.#keys.length
    return reads
  }

  /** A few keys may be all of the reads: they cannot be divided any more, and what was seen until now has to do. */
  #halve(): void {
    const below = this.#below / 2
    const kept = this.#keys
    const stays = (_: number, at: number): boolean => kept[at]! < below
    const keys = kept.filter(stays)
    if (keys.length < readsKept / 8 || keys.length > (readsKept * 7) / 8) {
      this.#isFull = true
      return
    }
    this.#shipped = kept.slice(0, this.#shipped).filter(stays).length
    this.#atMs = this.#atMs.filter(stays)
    this.#keys = keys
    this.#below = below
  }
}

let byStatement = new Map<StatementRecord, ReadKeys>()

export function noteRead(statement: StatementRecord, hash: number, now: number): void {
  let known = byStatement.get(statement)
  if (known === undefined) {
    if (byStatement.size >= statementsKept || !statement.isRead) return
    byStatement.set(statement, (known = new ReadKeys()))
  }
  known.add(hash, timeOrigin + now)
}

export function takeReads(): StatementReads[] {
  return [...byStatement].flatMap(([statement, reads]) => {
    const taken = reads.take()
    return taken ? [{ statementId: statement.id, ...taken }] : []
  })
}

export function resetReads(): void {
  byStatement = new Map()
}

/** The hash of neighbouring keys must not lie together: the finaliser of MurmurHash3, a bijection. */
function scattered(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

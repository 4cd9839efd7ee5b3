/** Loads of keys that were missed: how long they take, how many of one key overlap, and what they ask the database. */
import type { CacheLoads, Site } from '@whetstone/model'
import type { SpanRecord } from '../request-record.ts'
import type { OpenLoad } from './request-caches.ts'

const statementsKept = 64
const statementsTold = 8
const recentKept = 256
/** Loads that ended longer ago than any load is believed to last overlap with none. */
const recentMs = 30_000

interface Ended {
  readonly startedAt: number
  readonly endedAt: number
  isCounted: boolean
}

export class Loads {
  #loads = 0
  #totalMs = 0
  #maxMs = 0
  #unfilled = 0
  #stampedes = 0
  #stampedeLoads = 0
  #maxConcurrent = 0
  #site: Site | undefined
  readonly #statements = new Map<string, number>()
  readonly #recent = new Map<number, Ended[]>()

  /** @param spans of the request that loaded */
  filled(load: OpenLoad, endedAt: number, spans: readonly SpanRecord[]): void {
    const durationMs = endedAt - load.startedAt
    this.#loads++
    this.#totalMs += durationMs
    if (durationMs > this.#maxMs) this.#maxMs = durationMs
    this.#noteStatements(spans.slice(load.spansBefore))
    this.#noteOverlap(load, endedAt)
  }

  unfilled(): void {
    this.#unfilled++
  }

  figures(): CacheLoads {
    return {
      loads: this.#loads,
      totalMs: this.#totalMs,
      maxMs: this.#maxMs,
      unfilled: this.#unfilled,
      stampedes: this.#stampedes,
      stampedeLoads: this.#stampedeLoads,
      maxConcurrent: this.#maxConcurrent,
      statements: [...this.#statements]
        .toSorted((a, b) => b[1] - a[1])
        .slice(0, statementsTold)
        .map(([statementId, loads]) => ({ statementId, loads })),
      ...(this.#site && { site: this.#site }),
    }
  }

  #noteStatements(spans: readonly SpanRecord[]): void {
    const asked = new Set(spans.flatMap(({ statement }) => (statement ? [statement.id] : [])))
    for (const id of asked) {
      const count = this.#statements.get(id)
      if (count !== undefined || this.#statements.size < statementsKept) this.#statements.set(id, (count ?? 0) + 1)
    }
  }

  #noteOverlap({ key, startedAt, site }: OpenLoad, endedAt: number): void {
    const known = this.#recent.get(key.hash)
    const recent = known?.filter(one => one.endedAt > endedAt - recentMs).slice(-recentKept) ?? []
    const overlapping = recent.filter(one => one.endedAt > startedAt)
    const load = { startedAt, endedAt, isCounted: overlapping.length > 0 }
    if (known !== undefined || this.#recent.size < recentKept) this.#recent.set(key.hash, [...recent, load])
    if (overlapping.length + 1 > this.#maxConcurrent) {
      this.#maxConcurrent = overlapping.length + 1
      this.#site = site
    }
    if (overlapping.length === 0) return
    if (overlapping.every(one => !one.isCounted)) this.#stampedes++
    this.#stampedeLoads += 1 + overlapping.filter(one => !one.isCounted).length
    for (const one of overlapping) one.isCounted = true
  }
}

/** What one request did, while it runs; folded into its route's figures when it ends. */
import type { Site } from '@whetstone/model'
import type { CacheCommand } from './cache/cache-uses.ts'
import type { RequestCaches } from './cache/request-caches.ts'
import type { Trail } from './await-trail.ts'
import type { StatementRecord } from './statements.ts'

export interface SpanRecord {
  readonly kind: 'query' | 'pool-wait' | 'connect' | 'outbound' | 'cache'
  readonly startedAt: number
  readonly durationMs: number
  readonly failed: boolean
  readonly statement?: StatementRecord | undefined
  readonly rows?: number | undefined
  readonly hash?: number | undefined
  readonly poolWaitMs?: number | undefined
  readonly connection?: number | undefined
  readonly transaction?: number | undefined
  readonly site: Site | undefined
  readonly method?: string | undefined
  readonly host?: string | undefined
  readonly urlTemplate?: string | undefined
  readonly statusCode?: number | undefined
  readonly cacheCommand?: CacheCommand | undefined
  readonly hit?: boolean | undefined
  readonly valueBytes?: number | undefined
}

/** The calls of one statement from one place in one request. */
export class UseRecord {
  readonly statement: StatementRecord
  site: Site | undefined
  calls = 0
  finished = 0
  totalMs = 0
  maxMs = 0
  rows = 0
  poolWaitMs = 0
  errors = 0
  conflicts = 0
  duplicateCalls = 0
  /** Of the parameters of every call so far; looked through one by one while they are few, which is quicker than a set. */
  readonly #fewHashes: number[] = []
  #hashes: Set<number> | undefined

  constructor(statement: StatementRecord, site: Site | undefined) {
    this.statement = statement
    this.site = site
  }

  call(hash: number): void {
    this.calls++
    if (this.#hashes === undefined) {
      if (this.#fewHashes.includes(hash)) this.duplicateCalls++
      else if (this.#fewHashes.length < fewHashes) this.#fewHashes.push(hash)
      else this.#hashes = new Set(this.#fewHashes).add(hash)
    } else if (this.#hashes.has(hash)) this.duplicateCalls++
    else if (this.#hashes.size < hashesKept) this.#hashes.add(hash)
  }
}

const fewHashes = 32
const hashesKept = 1_000

export interface SyncRecord {
  readonly name: string
  readonly site: Site | undefined
  calls: number
  totalMs: number
  maxMs: number
}

const spansKept = 1_000
const syncCallsKept = 50
const statementsKept = 500

export class RequestRecord {
  readonly method: string
  readonly url: string
  readonly startedAt: number
  /** Requests of an earlier generation were started before the last reset and count no more. */
  readonly generation: number
  /** Uniform in 0 to 1; the requests with the smallest make the fair sample of a route. */
  readonly priority: number
  /** The pattern the framework matched; without it the path, ids collapsed. */
  pattern: string | undefined
  /** Asked at the end, for frameworks that only know the pattern then. */
  lateName: (() => string | undefined) | undefined
  /** Express: the concrete path of a router mounted under parameters, and its pattern. */
  mounts: Map<string, string> | undefined
  trail: Trail | undefined
  isRouted = false
  isFinished = false
  operation: string | undefined
  spans: SpanRecord[] | undefined
  spansDropped = 0
  uses: Map<StatementRecord, UseRecord> | undefined
  /** Uses whose statement then came from another place. */
  earlierUses: UseRecord[] | undefined
  syncCalls: SyncRecord[] | undefined
  caches: RequestCaches | undefined
  queries = 0
  databaseMs = 0
  poolWaitMs = 0
  longestWaitMs = 0
  connects = 0
  connectMs = 0
  outbound = 0
  outboundMs = 0
  rows = 0

  constructor(method: string, url: string, startedAt: number, generation: number, priority: number) {
    this.method = method
    this.url = url
    this.startedAt = startedAt
    this.generation = generation
    this.priority = priority
  }

  addSpan(span: SpanRecord): void {
    this.spans ??= []
    if (this.spans.length < spansKept) this.spans.push(span)
    else this.spansDropped++
  }

  /** The place is read once for each name in a request. */
  addSyncCall(name: string, durationMs: number, siteOf: () => Site | undefined): void {
    this.syncCalls ??= []
    let call = this.syncCalls.find(one => one.name === name)
    if (call === undefined) {
      if (this.syncCalls.length >= syncCallsKept) return
      call = { name, site: siteOf(), calls: 0, totalMs: 0, maxMs: 0 }
      this.syncCalls.push(call)
    }
    call.calls++
    call.totalMs += durationMs
    if (durationMs > call.maxMs) call.maxMs = durationMs
  }

  useOf(statement: StatementRecord): UseRecord | undefined {
    this.uses ??= new Map()
    let use = this.uses.get(statement)
    if (use === undefined && this.uses.size < statementsKept) {
      use = new UseRecord(statement, undefined)
      this.uses.set(statement, use)
    }
    return use
  }

  /** The use to count a call under whose place was read: a second place of the same statement gets one of its own. */
  useAt(use: UseRecord, site: Site): UseRecord {
    if (use.site === undefined || use.site === site) {
      use.site = site
      return use
    }
    this.earlierUses ??= []
    const known = this.earlierUses.find(other => other.statement === use.statement && other.site === site)
    if (known) return known
    const other = new UseRecord(use.statement, site)
    if (this.earlierUses.length < statementsKept) this.earlierUses.push(other)
    return other
  }
}

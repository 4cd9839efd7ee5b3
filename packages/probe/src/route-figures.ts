/** Every request of a route added up since the last batch, so that what leaves the process grows with its routes and not with its traffic. */
import type { CacheUse, ProbeRouteDelta, ProbeUseDelta, RouteName, Site } from '@whetstone/model'
import type { RequestCaches } from './cache/request-caches.ts'
import { CacheUses } from './cache/cache-uses.ts'
import type { UseRecord, RequestRecord } from './request-record.ts'
import type { StatementRecord } from './statements.ts'
import { Values } from './values.ts'

/** The place a statement last came from: calls whose stack was not read are counted there. */
export type LastSites = Map<StatementRecord, Site>

const usesKept = 2_000
const waitedMs = 1

class UseFigures {
  calls = 0
  requests = 0
  totalMs = 0
  maxMs = 0
  rows = 0
  poolWaitMs = 0
  maxRepeats = 0
  requestsWithDuplicates = 0
  duplicateCalls = 0
  errors = 0
  conflicts = 0

  add(use: UseRecord): void {
    this.calls += use.calls
    this.requests++
    this.totalMs += use.totalMs
    if (use.maxMs > this.maxMs) this.maxMs = use.maxMs
    this.rows += use.rows
    this.poolWaitMs += use.poolWaitMs
    if (use.calls > this.maxRepeats) this.maxRepeats = use.calls
    if (use.duplicateCalls > 0) this.requestsWithDuplicates++
    this.duplicateCalls += use.duplicateCalls
    this.errors += use.errors
    this.conflicts += use.conflicts
  }
}

export class RouteFigures {
  readonly name: RouteName
  readonly #duration = new Values()
  readonly #queries = new Values()
  readonly #outbound = new Values()
  #requests = 0
  #errors = 0
  #databaseMs = 0
  #poolWaitMs = 0
  #connectMs = 0
  #outboundMs = 0
  #rows = 0
  #connects = 0
  #responseBytes = 0
  #requestsThatWaited = 0
  #cacheCalls = 0
  #cacheMs = 0
  #uses = new Map<StatementRecord, Map<Site | undefined, UseFigures>>()
  #useCount = 0
  readonly cacheUses = new CacheUses()
  readonly #lastSite: LastSites

  constructor(name: RouteName, lastSite: LastSites = new Map()) {
    this.name = name
    this.#lastSite = lastSite
  }

  add(record: RequestRecord, durationMs: number, failed: boolean, responseBytes: number): void {
    this.#requests++
    if (failed) this.#errors++
    this.#duration.add(durationMs * 1_000)
    this.#queries.add(record.queries)
    this.#outbound.add(record.outbound)
    this.#databaseMs += record.databaseMs
    this.#poolWaitMs += record.poolWaitMs
    this.#connectMs += record.connectMs
    this.#outboundMs += record.outboundMs
    this.#rows += record.rows
    this.#connects += record.connects
    this.#responseBytes += responseBytes
    if (record.longestWaitMs > waitedMs) this.#requestsThatWaited++
    if (record.caches !== undefined) this.#addCaches(record.caches)
    if (record.uses !== undefined) for (const use of record.uses.values()) if (use.calls > 0) this.addUse(use)
    if (record.earlierUses !== undefined) for (const use of record.earlierUses) this.addUse(use)
  }

  #addCaches(caches: RequestCaches): void {
    this.#cacheCalls += caches.calls
    this.#cacheMs += caches.totalMs
    for (const use of caches.uses.values()) this.cacheUses.add(use)
  }

  addUse(use: UseRecord): void {
    const site = this.siteOf(use.statement, use.site)
    let bySite = this.#uses.get(use.statement)
    if (bySite === undefined) this.#uses.set(use.statement, (bySite = new Map()))
    let figures = bySite.get(site)
    if (figures === undefined) {
      if (this.#useCount >= usesKept) return
      this.#useCount++
      bySite.set(site, (figures = new UseFigures()))
    }
    figures.add(use)
  }

  siteOf(statement: StatementRecord, site: Site | undefined): Site | undefined {
    if (site === undefined) return this.#lastSite.get(statement)
    if (this.#lastSite.size < usesKept || this.#lastSite.has(statement)) this.#lastSite.set(statement, site)
    return site
  }

  /** Undefined when nothing happened since the last time. */
  takeRoute(): ProbeRouteDelta | undefined {
    if (this.#requests === 0) return undefined
    const delta = {
      route: this.name,
      requests: this.#requests,
      errors: this.#errors,
      duration: this.#duration.take(),
      databaseMs: this.#databaseMs,
      poolWaitMs: this.#poolWaitMs,
      connectMs: this.#connectMs,
      outboundMs: this.#outboundMs,
      queriesPerRequest: this.#queries.take(),
      outboundPerRequest: this.#outbound.take(),
      rows: this.#rows,
      connects: this.#connects,
      responseBytes: this.#responseBytes,
      requestsThatWaited: this.#requestsThatWaited,
      ...(this.#cacheCalls > 0 && { cacheCalls: this.#cacheCalls, cacheMs: this.#cacheMs }),
    }
    this.#requests = this.#errors = this.#databaseMs = this.#poolWaitMs = this.#connectMs = this.#outboundMs = 0
    this.#rows = this.#connects = this.#responseBytes = this.#requestsThatWaited = this.#cacheCalls = this.#cacheMs = 0
    return delta
  }

  takeUses(): ProbeUseDelta[] {
    const deltas: ProbeUseDelta[] = []
    for (const [statement, bySite] of this.#uses) {
      for (const [site, figures] of bySite) {
        const { maxRepeats, conflicts, ...rest } = figures
        deltas.push({
          route: this.name,
          statementId: statement.id,
          ...(site && { site }),
          ...rest,
          maxRepeatsInRequest: maxRepeats,
          ...(conflicts > 0 && { conflicts }),
        })
      }
    }
    this.#uses = new Map()
    this.#useCount = 0
    return deltas
  }

  takeCacheUses(): CacheUse[] {
    return this.cacheUses.take(this.name)
  }
}

/** Commands of one kind from one place added up since the last batch, for every route. */
import type { CacheDriver, CacheUse, RouteName, Site } from '@whetstone/model'
import { BoundedMap } from '../bounded-map.ts'
import type { RequestRecord } from '../request-record.ts'
import { Values } from '../values.ts'

const usesKept = 500
const commandsKept = 2_000
const routesKept = 32
const sitesAtFirst = 20
const siteEvery = 128

/** Where one command comes from on one route. */
class Place {
  #calls = 0
  /** It last came from there: calls whose stack was not read are counted there. */
  lastSite: Site | undefined

  /** A stack costs more than all else that is done for a call. */
  wantsSite(): boolean {
    const calls = ++this.#calls
    return calls <= sitesAtFirst || calls % siteEvery === 0
  }
}

/** One command on keys of one template: what a statement is for SQL. */
export class CacheCommand {
  readonly driver: CacheDriver
  readonly name: string
  readonly keyTemplate: string
  /** By route: what one of them does says nothing of another that asks for the same keys. */
  readonly #places = new BoundedMap<string, Place>(routesKept)

  constructor(driver: CacheDriver, name: string, keyTemplate: string) {
    this.driver = driver
    this.name = name
    this.keyTemplate = keyTemplate
  }

  /** Undefined beyond the bound: no place is better than that of another route. */
  placeFor(record: RequestRecord | undefined): Place | undefined {
    const route = record === undefined ? '' : `${record.method} ${record.pattern ?? ''}`
    const known = this.#places.get(route)
    if (known !== undefined) return known
    const place = new Place()
    return this.#places.set(route, place) ? place : undefined
  }
}

const commands = new Map<string, CacheCommand>()
let overflowed = 0

/** Undefined beyond the bound. */
export function cacheCommand(driver: CacheDriver, name: string, keyTemplate: string): CacheCommand | undefined {
  const id = `${driver} ${name} ${keyTemplate}`
  const known = commands.get(id)
  if (known) return known
  if (commands.size >= commandsKept) {
    overflowed++
    return undefined
  }
  const command = new CacheCommand(driver, name, keyTemplate)
  commands.set(id, command)
  return command
}

export function takeCacheOverflow(): number {
  const count = overflowed
  overflowed = 0
  return count
}

/** The calls of one command from one place in one request. */
export class CacheUseRecord {
  readonly command: CacheCommand
  readonly site: Site | undefined
  hits = 0
  misses = 0
  errors = 0
  valueBytes = 0
  maxValueBytes = 0
  /** Of every call. */
  readonly durationsMs: number[] = []

  constructor(command: CacheCommand, site: Site | undefined) {
    this.command = command
    this.site = site
  }
}

class Figures {
  calls = 0
  requests = 0
  hits = 0
  misses = 0
  errors = 0
  valueBytes = 0
  maxValueBytes = 0
  readonly duration = new Values()
}

export class CacheUses {
  #uses = new Map<CacheCommand, Map<Site | undefined, Figures>>()
  #size = 0

  add(use: CacheUseRecord): void {
    let bySite = this.#uses.get(use.command)
    if (bySite === undefined) this.#uses.set(use.command, (bySite = new Map()))
    let figures = bySite.get(use.site)
    if (figures === undefined) {
      if (this.#size >= usesKept) {
        overflowed += use.durationsMs.length
        return
      }
      this.#size++
      bySite.set(use.site, (figures = new Figures()))
    }
    figures.calls += use.durationsMs.length
    figures.requests++
    figures.hits += use.hits
    figures.misses += use.misses
    figures.errors += use.errors
    figures.valueBytes += use.valueBytes
    if (use.maxValueBytes > figures.maxValueBytes) figures.maxValueBytes = use.maxValueBytes
    for (const durationMs of use.durationsMs) figures.duration.add(durationMs * 1_000)
  }

  take(route: RouteName): CacheUse[] {
    const uses: CacheUse[] = []
    for (const [{ driver, name, keyTemplate }, bySite] of this.#uses) {
      for (const [site, { duration, ...figures }] of bySite) {
        uses.push({
          route,
          driver,
          command: name,
          keyTemplate,
          ...(site && { site }),
          ...figures,
          duration: duration.take(),
        })
      }
    }
    this.#uses = new Map()
    this.#size = 0
    return uses
  }
}

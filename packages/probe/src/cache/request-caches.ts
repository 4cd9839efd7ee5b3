/** What one request asked of caches, while it runs. */
import type { Site } from '@whetstone/model'
import { type CacheCommand, CacheUseRecord } from './cache-uses.ts'
import type { KnownKey } from './known-keys.ts'

const usesKept = 200
const loadsKept = 100

/** A key was missed; whoever missed it may be about to load it. */
export interface OpenLoad {
  readonly key: KnownKey
  readonly startedAt: number
  /** Of the request, when the key was missed: what comes after belongs to the load. */
  readonly spansBefore: number
  readonly site: Site | undefined
}

export class RequestCaches {
  calls = 0
  totalMs = 0
  readonly uses = new Map<string | CacheCommand, CacheUseRecord>()
  readonly loads = new Map<KnownKey, OpenLoad>()

  /** Undefined beyond the bound. */
  useOf(command: CacheCommand, site: Site | undefined): CacheUseRecord | undefined {
    let known = this.uses.get(command)
    if (known !== undefined && known.site !== site) {
      // A second place in the same request is rare enough to be looked for by its text.
      const id = `${command.name} ${command.keyTemplate} ${site?.[0]?.file}:${site?.[0]?.line}:${site?.[0]?.column}`
      known = this.uses.get(id)
      if (known === undefined && this.uses.size < usesKept)
        this.uses.set(id, (known = new CacheUseRecord(command, site)))
      return known
    }
    if (known === undefined && this.uses.size < usesKept) {
      known = new CacheUseRecord(command, site)
      this.uses.set(command, known)
    }
    return known
  }

  opened(load: OpenLoad): boolean {
    if (this.loads.has(load.key) || this.loads.size >= loadsKept) return false
    this.loads.set(load.key, load)
    return true
  }

  /** Keys that were missed and are not there yet when the request ends. */
  end(): void {
    for (const { key } of this.loads.values()) key.group.loads.unfilled()
    this.loads.clear()
  }
}

/** Answers made elsewhere than in a loader: looked up in every tier, and kept when they are there, unless they were declared untrue meanwhile. */
import type { Version } from '../tier.ts'
import type { CacheParts } from './cache-parts.ts'
import { keptNow, keptOf } from './kept.ts'
import { fullPolicy, type LoadPolicy } from './load-policy.ts'
import type { Shared } from './shared/shared.ts'
import { TagStamps } from './tag-stamps.ts'

/** A moment, by this process and by the shared tier: what was read from the origin after it loses to whatever is declared untrue after it. */
export interface Since {
  readonly version: Version
  /** 0 where the tier was not asked or could not say: then nothing can be kept there. */
  readonly sharedVersion: Version
}

export interface LookUp {
  /** Undefined where nothing fresh is kept. */
  readonly value: unknown
  readonly since: Since
}

/** Keys that were declared untrue are remembered one by one, up to so many; beyond, what is as old as the oldest of them is not kept. */
const keysRemembered = 10_000

export class LookUps {
  readonly #cache: CacheParts
  readonly #asking = new Map<string, Promise<LookUp>>()
  readonly #stamps = new TagStamps(keysRemembered)
  #everything: Version = 0

  constructor(cache: CacheParts) {
    this.#cache = cache
  }

  /** @param known what memory has and its caller does not want */
  find(key: string, known: unknown): Promise<LookUp> {
    const { shared, nextVersion } = this.#cache
    const version = nextVersion()
    if (shared === undefined) return Promise.resolve({ value: known, since: { version, sharedVersion: 0 } })
    const underWay = this.#asking.get(key)
    if (underWay !== undefined) return underWay
    const asking = this.#ask(shared, key, known, version).finally(() => {
      if (this.#asking.get(key) === asking) this.#asking.delete(key)
    })
    this.#asking.set(key, asking)
    return asking
  }

  /** @returns false for what was declared untrue since, or replaced in the shared tier by what is newer */
  async keep(key: string, value: unknown, since: Since, partial: LoadPolicy | undefined): Promise<boolean> {
    const { defaults, clock, random, stamps, shared } = this.#cache
    const policy = fullPolicy(partial, defaults)
    const made = { value, loadMs: 0, version: since.version, policy }
    const kept = keptNow(made, clock(), random(), stamps.count)
    if (this.#untrue(key, policy.tags, since.version)) return false
    if (shared !== undefined && since.sharedVersion > 0) {
      kept.sharedVersion = since.sharedVersion
      if (!(await shared.keep(key, kept))) {
        this.#cache.forget(key)
        return false
      }
      if (this.#untrue(key, policy.tags, since.version)) return false
    }
    this.#cache.keep(key, kept)
    return true
  }

  /** Of what was looked up before nothing is kept any more. */
  stamp(key: string): void {
    this.#asking.delete(key)
    this.#stamps.stamp(key, this.#cache.nextVersion())
  }

  stampEverything(): void {
    this.#asking.clear()
    this.#everything = this.#cache.nextVersion()
  }

  async #ask(shared: Shared, key: string, known: unknown, version: Version): Promise<LookUp> {
    const { clock, defaults, stamps } = this.#cache
    const { entry, version: sharedVersion = 0 } = await shared.read(key)
    const since = { version, sharedVersion }
    // Whoever joined may have come after an invalidation that the tier was asked before.
    const isTrue = (tags: readonly string[]) => !this.#untrue(key, tags, version)
    if (entry === undefined || entry.missing || entry.freshUntilMs <= clock() || !isTrue(entry.tags))
      return { value: isTrue([]) ? known : undefined, since }
    this.#cache.keep(key, keptOf(entry, clock(), version, defaults, stamps.count))
    return { value: entry.value, since }
  }

  #untrue(key: string, tags: readonly string[], version: Version): boolean {
    const { stamps } = this.#cache
    return this.#everything >= version || this.#stamps.outdates([key], version) || stamps.outdates(tags, version)
  }
}

/** memcached as a tier: one key an entry, decided about by compare-and-swap, and a counter for versions. */
import type { Ctx } from '../../context.ts'
import { deletionFrame, type Framed, frameOf, readFrame } from '../frame.ts'
import { everythingTag, type Lookup, type Tier, type TierEntry, type Version } from '../tier.ts'
import { within } from '../within.ts'
import { MemcachedLink, type MemjsClient } from './link.ts'

export interface MemcachedTierOptions {
  /** Before every key. Default `cache:`. */
  readonly prefix?: string
  /** How long the mark of a deletion refuses older loads: longer than any load may last. Default 120,000. */
  readonly tombstoneMs?: number
}

/** Memcached keeps nothing for longer. */
const longestLifeMs = 30 * 86_400_000
/** Each time another process was first. */
const mostAttempts = 20

/**
 * A tier in the memcached of `client`, of memjs; it stays the caller's. memcached forgets when it is full, and with an entry it may forget that
 * a tag was invalidated: give it room, or keep tags in Redis. Values above 1 MB it refuses: `payload: { maxBytes: 1_000_000 }`.
 */
export function memcachedTier(client: MemjsClient, options: MemcachedTierOptions = {}): Tier {
  return new MemcachedTier(client, options)
}

class MemcachedTier implements Tier {
  readonly name = 'memcached'
  readonly #link: MemcachedLink
  readonly #tombstoneMs: number

  constructor(client: MemjsClient, { prefix = 'cache:', tombstoneMs = 120_000 }: MemcachedTierOptions) {
    this.#link = new MemcachedLink(client, prefix)
    this.#tombstoneMs = tombstoneMs
  }

  get(key: string, ctx?: Ctx): Promise<Lookup> {
    return within(this.#read(key, this.#link.tick()), ctx)
  }

  getMany(keys: readonly string[], ctx?: Ctx): Promise<readonly Lookup[]> {
    if (keys.length === 0) return Promise.resolve([])
    const version = this.#link.tick()
    return within(Promise.all(keys.map(key => this.#read(key, version))), ctx)
  }

  set(key: string, entry: TierEntry, ctx?: Ctx): Promise<boolean> {
    const lifeMs = Math.min(longestLifeMs, entry.goneAtMs - Date.now())
    const kept = this.#decide(entryKey(key), framed => {
      if (framed === undefined) return { bytes: frameOf(entry), lifeMs }
      if (framed.version > entry.version) return undefined
      if (framed.version === entry.version && framed.kind === 'deletion') return undefined
      // What it replaces would have refused older ones for a while: an entry that is gone before goes on doing so.
      return { bytes: frameOf(entry), lifeMs: Math.max(lifeMs, this.#tombstoneMs) }
    })
    return within(kept, ctx)
  }

  delete(keys: readonly string[], ctx?: Ctx): Promise<Version> {
    return within(this.#mark(keys.map(entryKey), this.#tombstoneMs), ctx)
  }

  stampTags(tags: readonly string[], ctx?: Ctx): Promise<Version> {
    return within(this.#mark(tags.map(tagKey), longestLifeMs), ctx)
  }

  tagStamps(tags: readonly string[], ctx?: Ctx): Promise<readonly Version[]> {
    return within(
      Promise.all(tags.map(async tag => readFrame((await this.#link.get(tagKey(tag)))?.bytes)?.version ?? 0)),
      ctx,
    )
  }

  async close(): Promise<void> {}

  /** The version is asked for first; on several servers it may be taken last, and is still older than the load that follows. */
  async #read(key: string, ticked: Promise<Version>): Promise<Lookup> {
    const [now, stored] = await Promise.all([ticked, this.#link.get(entryKey(key))])
    const framed = readFrame(stored?.bytes)
    const entry = framed?.kind === 'entry' && Date.now() < framed.entry.goneAtMs ? framed.entry : undefined
    return { entry, version: Math.max(now, (framed?.version ?? 0) + 1) }
  }

  /** Marks with one version for all; what has a larger one already gets its own. */
  async #mark(keys: readonly string[], lifeMs: number): Promise<Version> {
    let latest = await this.#link.tick()
    await Promise.all(
      keys.map(key =>
        this.#decide(key, framed => {
          const version = Math.max(latest, (framed?.version ?? 0) + 1)
          latest = version
          return { bytes: deletionFrame(version), lifeMs }
        }),
      ),
    )
    return latest
  }

  async #decide(
    key: string,
    decision: (framed: Framed | undefined) => { readonly bytes: Buffer; readonly lifeMs: number } | undefined,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const seen = await this.#link.get(key)
      const decided = decision(readFrame(seen?.bytes))
      if (decided === undefined) return false
      if (await this.#link.replace(key, seen, decided.bytes, decided.lifeMs)) return true
    }
    throw new Error(`${mostAttempts} times another process changed ${key} first`)
  }
}

function entryKey(key: string): string {
  return `e:${key}`
}

function tagKey(tag: string): string {
  return tag === everythingTag ? 'everything' : `t:${tag}`
}

/** The contract of a tier in its plainest form: maps in this process, on a clock the test holds. */
import { everythingTag, type Lookup, type Tier, type TierEntry, type Version } from '../tier.ts'

/** @param clock milliseconds since 1970 */
export function mapTier(clock: () => number): Tier & { failing: Error | undefined; calls: number } {
  const entries = new Map<string, TierEntry>()
  const deleted = new Map<string, Version>()
  const stamps = new Map<string, Version>()
  let version = 0
  const tier = {
    name: 'map',
    /** Thrown by every call while set. */
    failing: undefined as Error | undefined,
    calls: 0,
    async get(key: string): Promise<Lookup> {
      count()
      const entry = entries.get(key)
      return { entry: entry !== undefined && clock() < entry.goneAtMs ? entry : undefined, version: ++version }
    },
    getMany: (keys: readonly string[]) => Promise.all(keys.map(key => tier.get(key))),
    async set(key: string, entry: TierEntry) {
      count()
      if ((deleted.get(key) ?? 0) >= entry.version) return false
      if ((entries.get(key)?.version ?? 0) > entry.version) return false
      entries.set(key, entry)
      return true
    },
    async delete(keys: readonly string[]) {
      count()
      const at = ++version
      for (const key of keys) {
        entries.delete(key)
        deleted.set(key, at)
      }
      return at
    },
    async stampTags(tags: readonly string[]) {
      count()
      const at = ++version
      for (const tag of tags) stamps.set(tag, at)
      if (tags.includes(everythingTag)) entries.clear()
      return at
    },
    async tagStamps(tags: readonly string[]) {
      count()
      return tags.map(tag => stamps.get(tag) ?? 0)
    },
    async close() {},
  }
  return tier

  function count(): void {
    tier.calls++
    if (tier.failing !== undefined) throw tier.failing
  }
}

/** The shared tier as a load sees it: values instead of bytes, an answer in time or none, and nothing that was invalidated. */
import { Context } from '../../../context.ts'
import type { Payloads } from '../../codec/payload.ts'
import { everythingTag, type EntryStamp, type Tier, type TierEntry, type Version } from '../../tier.ts'
import { within } from '../../within.ts'
import type { Breaker } from './breaker.ts'
import type { Invalidations } from './invalidations.ts'

export interface SharedEntry extends EntryStamp {
  readonly value: unknown
}

export interface Found {
  /** May be stale, never gone. */
  readonly entry: SharedEntry | undefined
  /** For the `set` that follows; undefined when the tier could not say: then nothing can be set. */
  readonly version: Version | undefined
}

const nothing: Found = { entry: undefined, version: undefined }
const noTags: readonly string[] = []

export class GuardedTier {
  /** Calls that failed or took too long. */
  failures = 0
  /** Calls that were not even made, the last ones having failed. */
  skipped = 0

  constructor(
    private readonly tier: Tier,
    private readonly payloads: Payloads,
    private readonly invalidations: Invalidations,
    private readonly breaker: Breaker,
    private readonly timeoutMs: number,
  ) {}

  /** @param tags that the entry is expected to carry: asked for in the same round trip */
  async read(key: string, tags: readonly string[]): Promise<Found> {
    // What this process invalidated and could not say yet still stands in the tier.
    if (this.invalidations.concerns(key, tags)) return nothing
    const expected = [everythingTag, ...tags]
    const answer = await this.#ask(ctx => Promise.all([this.tier.get(key, ctx), this.tier.tagStamps(expected, ctx)]))
    if (answer === undefined) return nothing
    const [{ entry, version }, stamps] = answer
    if (entry === undefined || this.invalidations.concerns(key, entry.tags)) return { entry: undefined, version }
    const unexpected = entry.tags.filter(tag => !expected.includes(tag))
    const further = unexpected.length === 0 ? [] : await this.#ask(ctx => this.tier.tagStamps(unexpected, ctx))
    if (further === undefined) return nothing
    if ([...stamps, ...further].some(stamp => stamp >= entry.version)) return { entry: undefined, version }
    return { entry: await this.#decode(entry), version }
  }

  /** Each as by `read`, in the order of the keys: one question for all of them, and one more where their tags are others than expected. */
  async readMany(keys: readonly string[], tags: readonly string[]): Promise<readonly Found[]> {
    const asked = keys.filter(key => !this.invalidations.concerns(key, tags))
    if (asked.length === 0) return keys.map(() => nothing)
    const expected = [everythingTag, ...tags]
    const answer = await this.#ask(ctx =>
      Promise.all([this.tier.getMany(asked, ctx), this.tier.tagStamps(expected, ctx)]),
    )
    if (answer === undefined) return keys.map(() => nothing)
    const [lookups, stamps] = answer
    const carried = new Set(lookups.flatMap(({ entry }) => entry?.tags ?? noTags))
    for (const tag of expected) carried.delete(tag)
    const further = carried.size === 0 ? [] : await this.#ask(ctx => this.tier.tagStamps([...carried], ctx))
    if (further === undefined) return keys.map(() => nothing)
    const latest = Math.max(...stamps)
    const stampOf = new Map([...carried].map((tag, at) => [tag, further[at]!]))
    const isTrue = (key: string, entry: TierEntry): boolean =>
      latest < entry.version &&
      entry.tags.every(tag => (stampOf.get(tag) ?? 0) < entry.version) &&
      !this.invalidations.concerns(key, entry.tags)
    const found = await Promise.all(
      lookups.map(async ({ entry, version }, at): Promise<Found> => {
        const serves = entry !== undefined && isTrue(asked[at]!, entry)
        return { entry: serves ? await this.#decode(entry) : undefined, version }
      }),
    )
    const foundOf = new Map(asked.map((key, at) => [key, found[at]!]))
    return keys.map(key => foundOf.get(key) ?? nothing)
  }

  /** @returns whether it is there now; `undefined` when the tier could not say, or when it is nothing to be kept */
  async write(key: string, { value, ...stamp }: SharedEntry): Promise<boolean | undefined> {
    if (stamp.version === 0 || stamp.goneAtMs <= Date.now()) return undefined
    const payload = stamp.missing ? new Uint8Array() : await this.payloads.encode(value)
    if (payload === undefined) return undefined
    return await this.#ask(ctx => this.tier.set(key, { ...stamp, payload }, ctx))
  }

  /** @returns undefined for what another codec wrote */
  async #decode(entry: TierEntry): Promise<SharedEntry | undefined> {
    const decoded = entry.missing ? { value: undefined } : await this.payloads.decode(entry.payload)
    return decoded && { ...entry, value: decoded.value }
  }

  async #ask<Answer>(question: (ctx: Context) => Promise<Answer>): Promise<Answer | undefined> {
    if (!this.breaker.admits(performance.now())) {
      this.skipped++
      return undefined
    }
    const ctx = new Context(performance.now() + this.timeoutMs)
    try {
      // A tier ought to keep the deadline itself; the load must not depend on it.
      const answer = await within(question(ctx), ctx)
      this.breaker.succeeded()
      return answer
    } catch {
      this.failures++
      this.breaker.failed(performance.now())
      return undefined
    }
  }
}

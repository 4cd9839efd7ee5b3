/** The shared tier as a load sees it: values instead of bytes, an answer in time or none, and nothing that was invalidated. */
import { Context } from '../../../context.ts'
import type { Payloads } from '../../codec/payload.ts'
import { everythingTag, type EntryStamp, type Tier, type Version } from '../../tier.ts'
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
    const decoded = entry.missing ? { value: undefined } : await this.payloads.decode(entry.payload)
    return { entry: decoded && { ...entry, value: decoded.value }, version }
  }

  /** @returns whether it is there now; `undefined` when the tier could not say, or when it is nothing to be kept */
  async write(key: string, { value, ...stamp }: SharedEntry): Promise<boolean | undefined> {
    if (stamp.version === 0 || stamp.goneAtMs <= Date.now()) return undefined
    const payload = stamp.missing ? new Uint8Array() : await this.payloads.encode(value)
    if (payload === undefined) return undefined
    return await this.#ask(ctx => this.tier.set(key, { ...stamp, payload }, ctx))
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

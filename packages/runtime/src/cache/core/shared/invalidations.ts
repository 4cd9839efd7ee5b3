/** What this process has declared untrue: told to the tier, then to the others, and told again until both have heard. */
import { Context } from '../../../context.ts'
import { everythingTag, type Invalidation, type InvalidationBus, type Tier, type Version } from '../../tier.ts'
import { within } from '../../within.ts'

interface Pending {
  readonly keys: readonly string[]
  readonly tags: readonly string[]
  /** Of the tier, once it knows. */
  version: Version | undefined
  readonly told: () => void
}

const firstPauseMs = 50
const longestPauseMs = 1_000
/** Told side by side, so that many take little longer than one. */
const atOnce = 100

export interface InvalidationsOptions {
  readonly tier: Tier
  readonly bus: InvalidationBus | undefined
  /** Of one call to tier or bus. */
  readonly timeoutMs: number
  /** Untold ones kept; beyond, everything is declared untrue instead. */
  readonly maxPending: number
}

export class Invalidations {
  readonly #options: InvalidationsOptions
  #queue: Pending[] = []
  /** How many of the queue concern it and are not known to the tier. */
  readonly #keys = new Map<string, number>()
  readonly #tags = new Map<string, number>()
  /** What this process has published: hearing it is its own echo. */
  readonly #own = new Set<string>()
  #telling: Promise<void> | undefined
  #stopPause: (() => void) | undefined
  #closed = false

  constructor(options: InvalidationsOptions) {
    this.#options = options
  }

  /** Untold so far. */
  get pending(): number {
    return this.#queue.length
  }

  /** Whether the tier may still hold what this process has declared untrue. */
  concerns(key: string, tags: readonly string[]): boolean {
    if (this.#queue.length === 0) return false
    return this.#keys.has(key) || this.#tags.has(everythingTag) || tags.some(tag => this.#tags.has(tag))
  }

  /** @returns resolves with the tier's version when tier and bus have been told; never while they cannot be */
  async tell(keys: readonly string[], tags: readonly string[]): Promise<Version | undefined> {
    if (this.#closed || keys.length + tags.length === 0) return undefined
    return await new Promise(resolve => {
      const pending: Pending = { keys, tags, version: undefined, told: () => resolve(pending.version) }
      this.#queue.push(pending)
      this.#count(pending, 1)
      if (this.#queue.length > this.#options.maxPending) this.#overflow()
      this.#telling ??= this.#tellAll().finally(() => (this.#telling = undefined))
    })
  }

  isEcho(invalidation: Invalidation): boolean {
    return this.#own.delete(identityOf(invalidation))
  }

  /** Tries once more what is untold, and then no longer. */
  async close(): Promise<void> {
    this.#closed = true
    this.#stopPause?.()
    await this.#telling
  }

  async #tellAll(): Promise<void> {
    let pauseMs = firstPauseMs
    while (this.#queue.length > 0) {
      // Whatever becomes of the bus, the tier is told of all: from there no process reads what is untrue.
      const first = this.#queue.slice(0, atOnce)
      const told = await Promise.allSettled(
        first.map(pending => this.#tellTier(pending).then(() => this.#publish(pending))),
      )
      // Some may have been dropped for an overflow meanwhile.
      this.#queue = this.#queue.filter(pending => told[first.indexOf(pending)]?.status !== 'fulfilled')
      first.forEach((pending, at) => told[at]!.status === 'fulfilled' && pending.told())
      if (told.every(({ status }) => status === 'fulfilled')) pauseMs = firstPauseMs
      else {
        if (this.#closed) return
        await this.#pause(pauseMs)
        pauseMs = Math.min(longestPauseMs, pauseMs * 2)
      }
    }
  }

  async #tellTier(pending: Pending): Promise<void> {
    if (pending.version !== undefined) return
    const { tier, timeoutMs } = this.#options
    const { keys, tags } = pending
    const ctx = new Context(performance.now() + timeoutMs)
    const deleted = keys.length > 0 ? tier.delete(keys, ctx) : 0
    const stamped = tags.length > 0 ? tier.stampTags(tags, ctx) : 0
    pending.version = Math.max(...(await within(Promise.all([deleted, stamped]), ctx)))
    // What was dropped for an overflow is counted no more.
    if (this.#queue.includes(pending)) this.#count(pending, -1)
  }

  async #publish({ keys, tags, version = 0 }: Pending): Promise<void> {
    const { bus, timeoutMs, maxPending } = this.#options
    if (bus === undefined) return
    const invalidation = { keys, tags, version }
    this.#own.add(identityOf(invalidation))
    const [oldest] = this.#own
    if (this.#own.size > maxPending) this.#own.delete(oldest!)
    const ctx = new Context(performance.now() + timeoutMs)
    await within(bus.publish(invalidation), ctx)
  }

  /** Too many to remember one by one: one for all, which is more than is untrue and never less. */
  #overflow(): void {
    const dropped = this.#queue
    this.#keys.clear()
    this.#tags.clear()
    const everything: Pending = {
      keys: [],
      tags: [everythingTag],
      version: undefined,
      told: () => {
        for (const { told } of dropped) told()
      },
    }
    this.#queue = [everything]
    this.#count(everything, 1)
  }

  #count({ keys, tags }: Pending, by: 1 | -1): void {
    for (const [counts, names] of [
      [this.#keys, keys],
      [this.#tags, tags],
    ] as const)
      for (const name of names) {
        const count = (counts.get(name) ?? 0) + by
        if (count > 0) counts.set(name, count)
        else counts.delete(name)
      }
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms).unref()
      this.#stopPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** Two processes may get the same version in the same microsecond, but not for the same keys. */
function identityOf({ keys, tags, version }: Invalidation): string {
  return JSON.stringify([version, keys, tags])
}

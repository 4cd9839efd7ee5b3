/** Whole answers kept for whoever asks the same: decides by headers alone, so that every framework needs only a thin adapter. */
import type { Cache } from '../core/cache.ts'
import type { Since } from '../core/look-ups.ts'
import { header, type Headers } from './headers.ts'
import { type Asked, bypassOf, primaryKey, variantKey } from './request-key.ts'
import { keptHeaders, storability } from './storable.ts'
import { tagsOf } from './tags.ts'

/** Where answers are kept: a `Cache`, for this process alone or with a shared tier for several. */
export type AnswerStore = Pick<Cache, 'lookUp' | 'fill' | 'invalidate' | 'invalidateTags' | 'clear'>

export interface ResponseCacheOptions {
  readonly store: AnswerStore
  /** Larger bodies pass through and are not kept. Default 1 MiB. */
  readonly maxBodyBytes?: number
  /** Answers kept of one URL for different values of its `Vary` headers; the oldest goes first. Default 32. */
  readonly maxVariants?: number
  /** How long requests wait for another one's answer to the same, before they make their own. Default 5,000. */
  readonly maxWaitMs?: number
  /** After an answer that may not be kept, for so long nobody waits for another one's. Default 10,000. */
  readonly passMs?: number
  /** Headers of this service, beside the usual ones, that say who asks. Such requests pass by the cache. */
  readonly credentialHeaders?: readonly string[]
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly clock?: () => number
}

/** A complete answer. */
export interface Answer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Headers
  readonly body: Uint8Array
}

export interface KeptAnswer extends Answer {
  readonly storedAtMs: number
  /** What it had been old already, in milliseconds. */
  readonly ageMs: number
  readonly freshUntilMs: number
  readonly revalidateUntilMs: number
  readonly errorUntilMs: number
}

interface VaryOn {
  readonly kind: 'vary'
  readonly names: readonly string[]
  /** Part of the keys below it: when this entry is invalidated, they are out of reach. */
  readonly generation: number
  readonly variants: readonly string[]
}

type Stored = { readonly kind: 'answer'; readonly answer: KeptAnswer } | VaryOn | { readonly kind: 'pass' }

/** Of the request that makes the answer others wait for. One of the two must be called, once; more does nothing. */
export interface Lead {
  /** Served instead where the answer is a failure. */
  readonly fallback: KeptAnswer | undefined
  /** @returns why it was not kept, if it was not */
  keep(answer: Answer): Promise<string | undefined>
  /** It broke off, or is too long. */
  abandon(): void
}

/** What of the cache a request is answered with. */
export interface Served {
  readonly answer: KeptAnswer
  /** It was made for another request, which this one waited for: why it could not be answered at once. */
  readonly collapsed?: 'miss' | 'stale' | undefined
}

export type Step =
  /** `behind`: somebody should make the answer anew, behind this request, which need not wait. */
  | ({ readonly kind: 'answer'; readonly stale: boolean; readonly behind?: Lead } & Served)
  /** The handler answers; with `lead` for others too. */
  | { readonly kind: 'run'; readonly why: string; readonly lead?: Lead }

interface Found {
  readonly key: string
  readonly stored: Exclude<Stored, VaryOn> | undefined
  readonly since: Since
}

/** What a lead is for. */
interface Place extends Pick<Found, 'key' | 'since'> {
  readonly primary: string
  /** Of the request. */
  readonly headers: Headers
}

export class ResponseCache {
  readonly maxBodyBytes: number
  readonly credentialHeaders: readonly string[]
  readonly #store: AnswerStore
  readonly #maxVariants: number
  readonly #maxWaitMs: number
  readonly #passMs: number
  readonly #clock: () => number
  /** By key: when the answer that is being made is there, or given up. */
  readonly #flights = new Map<string, Promise<void>>()
  #generation = 0

  /** @throws RangeError for a bound below 0 */
  constructor({
    store,
    maxBodyBytes = 1_048_576,
    maxVariants = 32,
    maxWaitMs = 5_000,
    passMs = 10_000,
    credentialHeaders = [],
    clock = Date.now,
  }: ResponseCacheOptions) {
    for (const [name, value] of Object.entries({ maxBodyBytes, maxVariants, maxWaitMs, passMs }))
      if (!(value >= 0)) throw new RangeError(`${name} of a response cache must be at least 0, not ${value}`)
    this.maxBodyBytes = maxBodyBytes
    this.credentialHeaders = credentialHeaders.map(name => name.toLowerCase())
    this.#store = store
    this.#maxVariants = maxVariants
    this.#maxWaitMs = maxWaitMs
    this.#passMs = passMs
    this.#clock = clock
  }

  /**
   * What to do with a request. Waits where the same answer is being made.
   * @param canRefresh whether the caller can make an answer behind the request; else the first request past its time makes it
   */
  async ask(asked: Asked, canRefresh: boolean): Promise<Step> {
    const why = bypassOf(asked, this.credentialHeaders)
    if (why !== undefined) return { kind: 'run', why }
    const primary = primaryKey(asked)
    const waitUntilMs = this.#clock() + this.#maxWaitMs
    let collapsed: Served['collapsed']
    for (;;) {
      const { key, stored, since } = await this.#find(primary, asked.headers)
      if (stored?.kind === 'pass') return { kind: 'run', why: 'pass' }
      const place = { key, primary, headers: asked.headers, since }
      const kept = stored?.answer
      const nowMs = this.#clock()
      if (kept !== undefined && nowMs < kept.freshUntilMs)
        return { kind: 'answer', answer: kept, stale: false, collapsed }
      const revalidating = kept !== undefined && nowMs < kept.revalidateUntilMs
      const underWay = this.#flights.get(key)
      if (underWay === undefined) {
        // A HEAD fills nothing; there is no body to keep (RFC 9111 §4).
        if (revalidating && (canRefresh || asked.method === 'HEAD'))
          return {
            kind: 'answer',
            answer: kept,
            stale: true,
            ...(asked.method === 'GET' && { behind: this.#lead(place, kept) }),
          }
        if (asked.method === 'HEAD') return { kind: 'run', why: 'miss' }
        return {
          kind: 'run',
          why: kept === undefined ? 'miss' : 'stale',
          lead: this.#lead(place, kept),
        }
      }
      if (revalidating) return { kind: 'answer', answer: kept, stale: true }
      if (asked.method === 'HEAD' || !(await endsBefore(underWay, waitUntilMs - this.#clock())))
        return { kind: 'run', why: 'miss' }
      collapsed ??= kept === undefined ? 'miss' : 'stale'
    }
  }

  /** Forgets every answer with one of these tags, also one that is being made. */
  async purge(...tags: readonly string[]): Promise<void> {
    await this.#store.invalidateTags(...tags)
  }

  /** Forgets what is kept of a URL, as must be after a request that changed it (RFC 9111 §4.4). */
  async purgeUrl(asked: Pick<Asked, 'url' | 'scheme' | 'headers'>): Promise<void> {
    await this.#store.invalidate(primaryKey({ ...asked, method: 'GET' }))
  }

  async clear(): Promise<void> {
    await this.#store.clear()
  }

  async #find(primary: string, headers: Headers): Promise<Found> {
    const first = await this.#lookUp(primary)
    if (first.stored?.kind !== 'vary') return { key: primary, stored: first.stored, since: first.since }
    const key = variantKey(primary, first.stored.generation, first.stored.names, headers)
    return { key, ...((await this.#lookUp(key)) as Omit<Found, 'key'>) }
  }

  /** Of what is past its time another process may have a newer one; once it is being made here, nobody waits for that question. */
  async #lookUp(key: string): Promise<{ readonly stored: Stored | undefined; readonly since: Since }> {
    const serves = (known: unknown): boolean => {
      const stored = known as Stored
      return stored.kind !== 'answer' || this.#clock() < stored.answer.freshUntilMs || this.#flights.has(key)
    }
    const { value, since } = await this.#store.lookUp(key, serves)
    return { stored: value as Stored | undefined, since }
  }

  #lead(place: Place, fallback: KeptAnswer | undefined): Lead {
    const { key } = place
    let settle: () => void = () => {}
    const ended = new Promise<void>(resolve => (settle = resolve))
    this.#flights.set(key, ended)
    const end = (): void => {
      if (this.#flights.get(key) === ended) this.#flights.delete(key)
      settle()
    }
    let isSettled = false
    const usable = fallback !== undefined && this.#clock() < fallback.errorUntilMs ? fallback : undefined
    return {
      fallback: usable,
      abandon: () => {
        if (!isSettled) end()
        isSettled = true
      },
      keep: async answer => {
        // What was given up may look like an end to who reads it: half a body.
        if (isSettled) return 'abandoned'
        isSettled = true
        try {
          return await this.#keep(place, answer)
        } finally {
          end()
        }
      },
    }
  }

  async #keep(place: Place, answer: Answer): Promise<string | undefined> {
    const nowMs = this.#clock()
    const storable = storability(answer.status, answer.headers, nowMs, this.credentialHeaders)
    if (storable.kind === 'not') {
      // A failure says nothing about the next answer.
      if (answer.status < 400) await this.#fill(place.key, { kind: 'pass' }, place.since, this.#passMs)
      return storable.why
    }
    const length = header(answer.headers, 'content-length')
    if (length !== undefined && Number(length) !== answer.body.length) return 'incomplete'
    if (answer.body.length > this.maxBodyBytes) return 'size'
    const { freshMs, staleWhileRevalidateMs, staleIfErrorMs, vary } = storable.lifetime
    const lifeMs = freshMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs)
    const kept: KeptAnswer = {
      ...answer,
      headers: keptHeaders(answer.headers),
      storedAtMs: nowMs,
      ageMs: Math.max(0, Number(header(answer.headers, 'age') ?? 0) || 0) * 1_000,
      freshUntilMs: nowMs + freshMs,
      revalidateUntilMs: nowMs + freshMs + staleWhileRevalidateMs,
      errorUntilMs: nowMs + freshMs + staleIfErrorMs,
    }
    const { key, varyOn } = await this.#keyFor(place, vary)
    const stored = { kind: 'answer', answer: kept } as const
    if (!(await this.#fill(key, stored, place.since, lifeMs, tagsOf(answer.headers)))) return 'purged'
    if (varyOn === undefined) return undefined
    // After what it leads to: who reads it before would find nothing there and make the answer once more.
    const varyLifeMs = Math.max(lifeMs, leastVaryMs)
    return (await this.#fill(place.primary, varyOn, place.since, varyLifeMs)) ? undefined : 'purged'
  }

  /** The names of all variants of a URL are those of every one of them (RFC 9111 §4.1). */
  async #keyFor(
    { primary, headers }: Place,
    vary: readonly string[],
  ): Promise<{ readonly key: string; readonly varyOn?: VaryOn }> {
    // The names that another process has learnt meanwhile count too.
    const before = (await this.#store.lookUp(primary, never)).value as Stored | undefined
    const known = before?.kind === 'vary' ? before : undefined
    if (known === undefined && vary.length === 0) return { key: primary }
    const names = [...new Set([...(known?.names ?? []), ...vary])].toSorted()
    const same = known !== undefined && known.names.length === names.length
    const generation = same ? known.generation : this.#newGeneration()
    const key = variantKey(primary, generation, names, headers)
    const variants = [...(same ? known.variants.filter(other => other !== key) : []), key]
    const leaving = variants.splice(0, Math.max(0, variants.length - this.#maxVariants))
    if (leaving.length > 0) await this.#store.invalidate(...leaving)
    return { key, varyOn: { kind: 'vary', names, generation, variants } }
  }

  #fill(key: string, stored: Stored, since: Since, ttlMs: number, tags: readonly string[] = []): Promise<boolean> {
    return this.#store.fill(key, stored, since, { ttlMs, jitterFraction: 0, tags })
  }

  /** Of no two processes the same: they may share the store. */
  #newGeneration(): number {
    this.#generation = Math.max(this.#generation + 1, this.#clock() * 1_000 + Math.floor(Math.random() * 1_000))
    return this.#generation
  }
}

const never = (): boolean => false

/** An entry that says what a URL varies on is small and hardly ever changes: as long as its longest variant, and so long at least. */
const leastVaryMs = 86_400_000

/** Seconds since the origin said it (RFC 9111 §5.1). */
export function ageSeconds({ storedAtMs, ageMs }: KeptAnswer, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - storedAtMs + ageMs) / 1_000))
}

async function endsBefore(ended: Promise<void>, withinMs: number): Promise<boolean> {
  if (withinMs <= 0) return false
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>(
    resolve => (timer = setTimeout(() => resolve(false), Math.min(withinMs, 2 ** 31 - 1))),
  )
  try {
    return await Promise.race([ended.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
